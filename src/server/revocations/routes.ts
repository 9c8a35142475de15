import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ListQuery, Receipt, Revocade } from '../../api.js'
import type { Revocation } from '../../engine/verdict.js'
import { authorizationOf, readCredential } from '../../http/index.js'
import { suggestionFor } from '../../validate.js'
import type { AdminParts } from '../admin-parts.js'
import type { Admin } from '../credentials.js'
import { RequestError } from '../problem.js'
import { revokeLines } from './bulk.js'
import { type Entry, revokeEntry, unrevokeEntry } from './entry.js'
import { demandEveryone, faultIn, type SchemaFault } from './fault.js'
import { bulkLineSchema, type Forms, LIST_QUERY, revocationSchema, undoSchema } from './schemas.js'

const JSON_TYPE = 'application/json'
const NDJSON = 'application/x-ndjson'
const PAGE = 100
const LIST_PARAMETERS = Object.keys(LIST_QUERY.properties)

function wrongType(method: string): RequestError {
  const lines = method === 'POST' ? `, or one for each line as ${NDJSON}` : ''
  return new RequestError(415, 'media-type', `send one revocation as ${JSON_TYPE}${lines}`)
}

/** Schemas are not applied to what is missing, nor to lines that are yet to come. */
function demandBody(
  { method, body }: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  if (body === undefined || (body instanceof Readable && method !== 'POST')) done(wrongType(method))
  else done()
}

type Body = Entry | Readable

interface Page {
  readonly revocations: readonly Revocation[]
  readonly next: number | null
}

/** `/revocations`: list, revoke one or many, take back. For admins, with a bearer token. */
export function revocationRoutes(app: FastifyInstance, parts: AdminParts, done: () => void): void {
  const { engine, settings } = parts
  const { admins, idClaims } = settings
  app.addContentTypeParser(NDJSON, (_request, payload, ready) => ready(null, payload))
  app.addContentTypeParser('*', ({ method }, _payload, ready) => ready(wrongType(method)))
  const adminOf = (request: FastifyRequest): Admin => {
    const credential = readCredential(authorizationOf(request.raw))
    const admin = credential.kind === 'token' ? admins.find(credential.token) : undefined
    if (admin === undefined)
      throw new RequestError(401, 'unauthorized', 'the token of an admin is missing or wrong', {
        'WWW-Authenticate': 'Bearer realm="revocade admin"',
      })
    return admin
  }
  const editorOf = (request: FastifyRequest): Admin => {
    const admin = adminOf(request)
    if (admin.role !== 'editor') throw new RequestError(403, 'forbidden', 'a viewer changes nothing')
    return admin
  }
  // Before the body is read.
  app.addHook('onRequest', async (request) => {
    if (request.method === 'GET' || request.method === 'HEAD') adminOf(request)
    else editorOf(request)
    return Promise.resolve()
  })
  const querystring = { schema: { querystring: LIST_QUERY }, preValidation: readQuery }
  app.get<{ Querystring: ListQuery }>('/revocations', querystring, (request) => page(engine, request.query))
  const revoking = revocationSchema(idClaims)
  const body = { content: { [JSON_TYPE]: { schema: revoking }, [NDJSON]: { schema: {} } } }
  const bulk = { engine, schema: bulkLineSchema(idClaims), maxBytes: settings.bulkBytes }
  app.post<{ Body: Body }>(
    '/revocations',
    { schema: { body }, preValidation: demandBody, attachValidation: true },
    async (request, reply) => {
      const actor = editorOf(request).name
      if (request.body instanceof Readable) return revokeLines(request, request.body, { ...bulk, actor })
      const entry = validEntry(request, revoking)
      demandEveryone(entry)
      const receipt = await revokeEntry(engine, entry, actor)
      return reply.code(receipt.outcome === 'revoked' ? 201 : 200).send(receipt)
    },
  )
  const undoing = undoSchema(idClaims)
  const undo = { content: { [JSON_TYPE]: { schema: undoing } } }
  const taking = { schema: { body: undo }, preValidation: demandBody, attachValidation: true }
  app.delete<{ Body: Entry }>('/revocations', taking, async (request) =>
    shownReceipt(await unrevokeEntry(engine, validEntry(request, undoing), editorOf(request).name)),
  )
  done()
}

/**
 * The body, where it has met its schema.
 *
 * @throws {RequestError} 400 otherwise: it names the member that is wrong
 */
function validEntry({ body, validationError }: FastifyRequest, { anyOf }: Forms): Entry {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestError(400, 'invalid-request', 'the body must be an object')
  const entry: Entry = { ...body }
  if (validationError === undefined) return entry
  const faults = validationError.validation as readonly SchemaFault[]
  throw new RequestError(400, 'invalid-request', `the request is not valid: ${faultIn(entry, anyOf, faults)}`)
}

/** What became of an undo. Where there never was a revocation, there is no number and no end of it. */
function shownReceipt(receipt: Receipt): object {
  if (receipt.outcome !== 'unchanged') return receipt
  return { ...receipt, seq: undefined, expiresAt: undefined }
}

/** One page of the listing, and the `afterSeq` of the next one. */
async function page(engine: Pick<Revocade, 'list'>, query: ListQuery): Promise<Page> {
  const { limit = PAGE } = query
  const revocations: Revocation[] = []
  let next: number | null = null
  for await (const revocation of engine.list({ ...query, limit: limit + 1 })) {
    if (revocations.length === limit) next = revocations.at(-1)?.seq ?? null
    else revocations.push(revocation)
  }
  return { revocations, next }
}

/** A query is text: what looks like a number or a boolean is one. */
function readQuery(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const entries = Object.entries({ ...Object(request.query) } as Record<string, unknown>)
  const unknown = entries.find(([name]) => !LIST_PARAMETERS.includes(name))
  if (unknown !== undefined) {
    // Not the name that was sent: a token may have been pasted there.
    const hint = suggestionFor(unknown[0], LIST_PARAMETERS)
    done(new RequestError(400, 'invalid-request', `the query has an unknown parameter: ${hint}`))
    return
  }
  request.query = Object.fromEntries(entries.map(([name, value]) => [name, valueOf(value)]))
  done()
}

function valueOf(value: unknown): unknown {
  if (value === 'true' || value === 'false') return value === 'true'
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
}
