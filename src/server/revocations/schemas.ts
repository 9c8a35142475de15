/** A JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>

const MAX_TEXT = 1024

const TIME: Schema = {
  description: 'NumericDate seconds, or a date and time of RFC 3339.',
  anyOf: [
    { type: 'number', minimum: 0 },
    { type: 'string', format: 'date-time' },
  ],
}

const CUTOFF: Schema = {
  description: "Tokens issued before this are revoked; 'ever': all, also those issued later.",
  anyOf: [{ type: 'number', minimum: 0 }, { type: 'string', format: 'date-time' }, { const: 'ever' }],
}

const COMMON: Schema = {
  notBefore: TIME,
  expiresAt: TIME,
  reason: { type: 'string', maxLength: MAX_TEXT },
}

const TOKEN: Schema = { type: 'string', minLength: 1, description: 'A JWT or an opaque token.' }
const ISSUER: Schema = { type: 'string', description: 'Without it, the id of any issuer is meant.' }
const SHA256: Schema = { type: 'string', pattern: '^[0-9a-fA-F]{64}$' }
const WHERE: Schema = {
  type: 'object',
  description: 'Claims that must all be equal. {} is everyone.',
  additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }] },
}
const ACK: Schema = { enum: ['durable', 'fleet'] }

/** The query of a listing. */
export const LIST_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    afterSeq: { type: 'integer', minimum: 0, description: 'The `next` of the page before.' },
    limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'By default 100.' },
    kind: { enum: ['token', 'selector'] },
    includeExpired: { type: 'boolean' },
  },
} as const

const target = (required: string, properties: Schema): Schema => ({
  type: 'object',
  additionalProperties: false,
  required: [required],
  properties,
})

/** What names the target of an entry, for the claims that can name a token. */
function targets(idClaims: readonly string[], more: Schema, forSelector: Schema): Schema[] {
  return [
    target('token', { token: TOKEN, ...more }),
    target('where', { where: WHERE, ...more, ...forSelector }),
    ...idClaims.map((name) =>
      target(name, { [name]: { anyOf: [{ type: 'string' }, { type: 'number' }] }, iss: ISSUER, ...more }),
    ),
  ]
}

const EVERYONE: Schema = {
  const: true,
  description: 'Required with an empty `where`, unless it has an `issuedBefore`; else not allowed.',
}
const CUTOFFS: Schema = { issuedBefore: CUTOFF, sameSecond: { enum: ['revoke', 'keep'] } }

/** Several schemas, of which one must fit. */
export interface Forms extends Schema {
  readonly anyOf: readonly Schema[]
}

/** A revocation to make. */
export const revocationSchema = (idClaims: readonly string[]): Forms => ({
  anyOf: targets(idClaims, { ...COMMON, ack: ACK }, { everyone: EVERYONE, ...CUTOFFS }),
})

/** What `revocade export` writes besides. It is not kept: whoever asks is the actor, and the time is now. */
const EXPORTED: Schema = {
  revokedAt: { type: 'string', format: 'date-time', description: 'Of a line of an export. Not kept.' },
  actor: { type: 'string', description: 'Of a line of an export, beside `revokedAt`. Not kept.' },
}

/** A line of a bulk request. */
export const bulkLineSchema = (idClaims: readonly string[]): Forms => {
  const more = { ...COMMON, ...EXPORTED }
  const named = { idClaim: { enum: idClaims }, id: { anyOf: [{ type: 'string' }, { type: 'number' }] } }
  return {
    type: 'object',
    dependencies: { actor: ['revokedAt'], idClaim: ['id'] },
    anyOf: [
      ...targets(idClaims, more, CUTOFFS),
      target('idClaim', { ...named, iss: ISSUER, ...more }),
      target('sha256', { sha256: SHA256, ...more }),
    ],
  }
}

/** A revocation to take back. */
export const undoSchema = (idClaims: readonly string[]): Forms => ({ anyOf: targets(idClaims, {}, {}) })
