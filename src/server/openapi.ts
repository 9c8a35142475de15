import {
  bulkLineSchema,
  LIST_QUERY,
  revocationSchema,
  type Schema,
  undoSchema,
} from './revocations/schemas.js'

const NO_STORE = 'All answers have `Cache-Control: no-store`.'
const ADMIN = [{ admin: [] }]
const CLIENT = [{ client: [] }]

/** The description of the admin listener (OpenAPI 3.1), for the claims that can name a token. */
export function openApiDocument(idClaims: readonly string[]): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Revocade',
      version: '1',
      description: `The admin listener of \`revocade serve\`. ${NO_STORE}`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: {
      '/revocations': { get: listing(), post: revoking(idClaims), delete: undoing(idClaims) },
      '/revoke': { post: clientRevoking() },
      '/introspect': { post: introspecting() },
      '/livez': { get: probe('The process answers.') },
      '/readyz': { get: { ...probe('Checks can be decided.'), responses: readiness() } },
      '/metrics': { get: probe('Figures in the text format of Prometheus.') },
      '/openapi.json': {
        get: { summary: 'This document.', responses: { 200: { description: 'The document.' } } },
      },
    },
    components: {
      securitySchemes: {
        admin: { type: 'http', scheme: 'bearer', description: 'The token of an admin.' },
        client: { type: 'http', scheme: 'basic', description: 'An OAuth client: id and secret.' },
      },
      schemas: { Receipt: RECEIPT, BulkReceipt: BULK_RECEIPT, Revocation: REVOCATION, Problem: PROBLEM },
    },
  }
}

const TEXT: Schema = { type: 'string' }
const DATE: Schema = { type: 'string', format: 'date-time' }
const NUMBER: Schema = { type: 'integer' }
const DURABLE: Schema = { enum: [true, 'redis'] }
const REDIS: Schema = { enum: ['written', 'queued', 'off'] }

const TARGET: Schema = {
  oneOf: [
    object({ kind: { const: 'id' }, claim: TEXT, id: { type: ['string', 'number'] }, iss: TEXT }, [
      'kind',
      'claim',
      'id',
    ]),
    object({ kind: { const: 'hash' }, sha256: TEXT }, ['kind', 'sha256']),
    object({ kind: { const: 'selector' }, where: { type: 'object' } }, ['kind', 'where']),
  ],
}

const RECEIPT = object(
  {
    seq: NUMBER,
    outcome: { enum: ['revoked', 'already', 'unrevoked', 'expired', 'unchanged'] },
    target: TARGET,
    notBefore: DATE,
    expiresAt: DATE,
    durable: DURABLE,
    redis: REDIS,
    effectiveEverywhereAt: DATE,
    note: TEXT,
  },
  ['outcome', 'target', 'durable', 'redis', 'effectiveEverywhereAt'],
)

/** Lines of a bulk request that could not be used. */
const PROBLEMS: Schema = {
  type: 'array',
  description: 'The first 100 lines that could not be used.',
  items: object({ line: NUMBER, detail: TEXT }, ['line', 'detail']),
}

const BULK_RECEIPT = object(
  {
    seq: NUMBER,
    count: NUMBER,
    already: NUMBER,
    expired: NUMBER,
    invalid: NUMBER,
    durable: DURABLE,
    redis: REDIS,
    effectiveEverywhereAt: DATE,
    problems: PROBLEMS,
  },
  ['seq', 'count', 'already', 'expired', 'invalid', 'durable', 'redis', 'effectiveEverywhereAt', 'problems'],
)

const REVOCATION = object(
  {
    target: TARGET,
    issuedBefore: DATE,
    withoutCutoff: { const: true },
    sameSecond: { const: 'keep' },
    notBefore: DATE,
    expiresAt: DATE,
    revokedAt: DATE,
    reason: TEXT,
    actor: TEXT,
    seq: NUMBER,
  },
  ['target', 'expiresAt', 'revokedAt', 'seq'],
)

const PROBLEM = object({ type: TEXT, title: TEXT, status: NUMBER, code: TEXT, problems: PROBLEMS }, [
  'type',
  'title',
  'status',
])

function object(properties: Schema, required: readonly string[]): Schema {
  return { type: 'object', required, properties }
}

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

const json = (description: string, schema: Schema): Schema => ({
  description,
  content: { 'application/json': { schema } },
})

const problem = (description: string): Schema => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
})

const REFUSALS: Schema = {
  400: problem('The request is not valid.'),
  401: problem('The token of an admin is missing or wrong.'),
  403: problem('A viewer changes nothing.'),
  413: problem('The body is too large.'),
  415: problem('The body has a type that is not read here.'),
  503: problem('Not possible at the moment. `Retry-After` says when to try again.'),
}

function listing(): Schema {
  const page = object(
    { revocations: { type: 'array', items: ref('Revocation') }, next: { type: ['integer', 'null'] } },
    ['revocations', 'next'],
  )
  return {
    summary: 'List revocations in the order of their changes, page by page.',
    security: ADMIN,
    parameters: Object.entries(LIST_QUERY.properties).map(([name, schema]) => ({
      name,
      in: 'query',
      schema,
    })),
    responses: {
      200: json('A page; `next` is the `afterSeq` of the page after it, or null.', page),
      ...REFUSALS,
    },
  }
}

function revoking(idClaims: readonly string[]): Schema {
  return {
    summary: 'Revoke one token or selector (JSON), or one for each line (NDJSON).',
    security: ADMIN,
    requestBody: {
      required: true,
      content: {
        'application/json': { schema: revocationSchema(idClaims) },
        'application/x-ndjson': {
          schema: TEXT,
          'x-line-schema': bulkLineSchema(idClaims),
        },
      },
    },
    responses: {
      200: json('It was revoked already or had expired; or the receipt of all lines.', {
        anyOf: [ref('Receipt'), ref('BulkReceipt')],
      }),
      201: json('It is revoked, durably.', ref('Receipt')),
      ...REFUSALS,
    },
  }
}

function undoing(idClaims: readonly string[]): Schema {
  return {
    summary: 'Take a revocation back.',
    security: ADMIN,
    requestBody: { required: true, content: { 'application/json': { schema: undoSchema(idClaims) } } },
    responses: {
      200: json('Taken back; or there was none: then without `seq` and `expiresAt`.', ref('Receipt')),
      ...REFUSALS,
    },
  }
}

const FORM = object({ token: TEXT, token_type_hint: TEXT }, ['token'])
const form = { required: true, content: { 'application/x-www-form-urlencoded': { schema: FORM } } }
const OAUTH_ERROR = object({ error: TEXT, error_description: TEXT }, ['error'])

const OAUTH_REFUSALS: Schema = {
  400: json('`invalid_request` or `unsupported_token_type`.', OAUTH_ERROR),
  401: json('`invalid_client`.', OAUTH_ERROR),
  413: json('`invalid_request`: the body is too large.', OAUTH_ERROR),
  503: json('Not possible at the moment. `Retry-After` says when to try again.', OAUTH_ERROR),
}

function clientRevoking(): Schema {
  return {
    summary: 'Revoke a token (RFC 7009).',
    security: CLIENT,
    requestBody: form,
    responses: { 200: { description: 'Revoked, or there was nothing to revoke.' }, ...OAUTH_REFUSALS },
  }
}

function introspecting(): Schema {
  const answer: Schema = { type: 'object', required: ['active'], properties: { active: { type: 'boolean' } } }
  return {
    summary: 'Ask for a token (RFC 7662). Absent without a verification key.',
    security: CLIENT,
    requestBody: form,
    responses: { 200: json('The answer.', answer), ...OAUTH_REFUSALS },
  }
}

const probe = (summary: string): Schema => ({ summary, responses: { 200: { description: 'As text.' } } })

const readiness = (): Schema => ({
  200: { description: 'Ready.' },
  503: { description: 'Not ready: the text says why.' },
})
