import { isUtf8 } from 'node:buffer'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { AdminParts } from './admin-parts.js'
import { HTTP_OPTIONS, refuseMalformed } from './http-server.js'
import { METRICS_TYPE } from './metrics.js'
import { oauthRoutes } from './oauth/routes.js'
import { openApiDocument } from './openapi.js'
import type { LogLevel } from './options.js'
import { pageRoutes } from './page/routes.js'
import { asRequestError, problemOf, RequestError } from './problem.js'
import { revocationRoutes } from './revocations/routes.js'

/** Bytes of a body, but a bulk request's. A selector with a reason is far smaller, and so is a token. */
const BODY_BYTES = 128 * 1024

/** Levels at which nothing is said of each request. */
const QUIET_LEVELS = ['fatal', 'error', 'warn', 'silent'] as const

/** What is asked every few seconds. Only their failures are logged. */
const PROBES: ReadonlySet<string | null> = new Set(['/livez', '/readyz', '/metrics'])

/** An answer that makes no progress for this long is cut off, with its connection: nobody reads it. */
const UNREAD_MS = 60_000

/**
 * Makes the admin listener, without routes: its log is needed first.
 *
 * @param unreadMs - milliseconds without progress, after which an answer is cut off
 */
export function createAdminApp(level: LogLevel, unreadMs = UNREAD_MS): FastifyInstance {
  const quiet = QUIET_LEVELS.find((one) => one === level) ?? 'warn'
  const app = fastify({
    // No URL, which may hold a token that somebody put there.
    logger: { level, serializers: { req: ({ method }: { method: string }) => ({ method }) } },
    bodyLimit: BODY_BYTES,
    http: HTTP_OPTIONS,
    keepAliveTimeout: HTTP_OPTIONS.keepAliveTimeout ?? 0,
    requestTimeout: HTTP_OPTIONS.requestTimeout ?? 0,
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (error, { method }, reply) => {
      app.log.info({ method, route: null, status: asRequestError(error).statusCode, ms: 0 }, 'answered')
      void sendProblem(error, reply)
    },
    // The framework's own two lines for each request. There is one of ours.
    childLoggerFactory: (logger, bindings, options) => logger.child(bindings, { ...options, level: quiet }),
    // A body means what it says, or it is refused.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  })
  app.removeContentTypeParser(['text/plain', 'application/json'])
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // The framework would put other characters in place, and so name another subject.
    if (isUtf8(body)) void parseJson(request, body.toString(), done)
    else done(new RequestError(400, 'invalid-request', 'the body is not valid UTF-8'))
  })
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('Cache-Control', 'no-store')
    done()
  })
  app.addHook('preParsing', ({ is404, headers }, _reply, payload, done) => {
    // Before the body is read: what is wrong with it would hide that nothing is there.
    if (is404 && headers['content-type'] !== undefined) done(notFound())
    else done(null, payload)
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Node.js begins anew with each write that makes progress. A bulk request, whose answer is yet to come,
    // may take longer.
    reply.raw.setTimeout(unreadMs)
    done(null, payload)
  })
  app.addHook('onResponse', ({ method, routeOptions }, { statusCode: status, elapsedTime }, done) => {
    const route = routeOptions.url ?? null
    if (!PROBES.has(route) || status !== 200)
      app.log.info({ method, route, status, ms: Math.round(elapsedTime) }, 'answered')
    done()
  })
  app.setErrorHandler((error, request, reply) => {
    logFault(error, request)
    return sendProblem(error, reply)
  })
  app.setNotFoundHandler((_request, reply) => sendProblem(notFound(), reply))
  return app
}

const notFound = (): RequestError =>
  new RequestError(404, 'not-found', 'there is nothing at this path with this method')

/** Adds the routes. Those that change or show revocations exist only with credentials. */
export async function addAdminRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  const { settings, readiness, metrics } = parts
  app.get('/livez', () => 'ok\n')
  app.get('/readyz', async (_request, reply) => {
    const problem = await readiness.problem()
    return reply.code(problem === undefined ? 200 : 503).send(`${problem ?? 'ok'}\n`)
  })
  app.get('/metrics', (_request, reply) => reply.type(METRICS_TYPE).send(metrics.text()))
  const document = openApiDocument(settings.idClaims)
  app.get('/openapi.json', () => document)
  if (settings.clients.size > 0) await app.register(oauthRoutes, parts)
  else for (const path of ['/revoke', '/introspect']) addAbsent(app, path, "the option 'clients'")
  if (settings.clients.size > 0 && parts.introspect === undefined)
    addAbsent(app, '/introspect', "a key to verify tokens with: the option 'jwks' or 'hmacSecret'")
  if (settings.admins.size > 0) {
    await app.register(revocationRoutes, parts)
    await app.register(pageRoutes, { prefix: '/ui', ...parts })
    app.get('/', (_request, reply) => reply.redirect('ui/', 302))
  } else {
    addAbsent(app, '/revocations', "the option 'admins'")
  }
  if (settings.clients.size + settings.admins.size === 0)
    app.log.warn({}, "no 'admins' and no 'clients': nothing can be revoked through this server")
}

/** Says what a path needs, before a body is read. */
function addAbsent(app: FastifyInstance, path: string, needed: string): void {
  const refuse = (): Promise<never> =>
    Promise.reject(new RequestError(404, 'not-found', `${path} exists only with ${needed}`))
  app.all(path, { onRequest: refuse }, refuse)
}

/** Logs what is our fault. */
function logFault(error: unknown, request: FastifyRequest): void {
  if (asRequestError(error).statusCode >= 500) request.log.error({ err: error }, 'a request failed')
}

function sendProblem(error: unknown, reply: FastifyReply): FastifyReply {
  const failure = asRequestError(error)
  return reply
    .code(failure.statusCode)
    .headers({ 'Cache-Control': 'no-store', ...failure.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(failure, error)))
}
