import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AdminParts } from '../admin-parts.js'
import type { Client } from '../credentials.js'
import { asRequestError, RequestError, RETRY_AFTER } from '../problem.js'
import { authenticate } from './authenticate.js'
import { type Form, formOf, readForms, tokenOf } from './form.js'
import { revokeFor } from './revoke.js'

/** What was read of a request before it is handled. */
interface Caller {
  readonly client: Client
  readonly form: Form
}

const NONE = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }

/** `/revoke` (RFC 7009) and, with a verification key, `/introspect` (RFC 7662), for OAuth clients. */
export async function oauthRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  const { settings, introspect } = parts
  readForms(app)
  app.setErrorHandler(sendOAuthError)
  await app.register(rateLimit, { global: false, addHeaders: NONE, addHeadersOnExceeding: NONE })
  const callers = new WeakMap<FastifyRequest, Caller>()
  const identify = async (request: FastifyRequest): Promise<void> => {
    const form = formOf(request.body)
    callers.set(request, { form, client: authenticate(request.raw, form, settings.clients) })
    return Promise.resolve()
  }
  const callerOf = (request: FastifyRequest): Caller => {
    const caller = callers.get(request)
    if (caller === undefined) throw new Error('the request was not authenticated')
    return caller
  }
  const limit = app.rateLimit({
    max: settings.revocationsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => callerOf(request).client.id,
    // RFC 7009, section 2.2.1: clients understand 503, and try again.
    errorResponseBuilder: () =>
      new RequestError(503, 'temporarily_unavailable', 'too many revocations of this client', RETRY_AFTER),
  })
  app.post('/revoke', { preHandler: [identify, limit] }, async (request, reply) => {
    const { client, form } = callerOf(request)
    await revokeFor(client, tokenOf(form), parts)
    return reply.code(200).send()
  })
  if (introspect === undefined) return
  app.post('/introspect', { preHandler: [identify] }, (request) =>
    introspect(tokenOf(callerOf(request).form)),
  )
}

/** Errors as OAuth clients read them (RFC 6749, section 5.2): JSON, and no problem details. */
function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const failure = asRequestError(error)
  const { statusCode: status, message, headers } = failure
  if (status >= 500) request.log.error({ err: error }, 'a request failed')
  return reply
    .code(status === 415 ? 400 : status)
    .headers(headers)
    .send({ error: nameOf(failure), error_description: message })
}

function nameOf({ statusCode, problem }: RequestError): string {
  if (problem.includes('_')) return problem
  if (statusCode === 503) return 'temporarily_unavailable'
  return statusCode < 500 ? 'invalid_request' : 'server_error'
}
