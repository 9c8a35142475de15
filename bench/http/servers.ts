import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import fastifyJwt from '@fastify/jwt'
import express, { type RequestHandler } from 'express'
import { expressjwt, type Request as VerifiedRequest } from 'express-jwt'
import fastify, {
  type FastifyRequest,
  type onRequestAsyncHookHandler,
  type onRequestHookHandler,
} from 'fastify'
import { Redis } from 'ioredis'
import { guard as expressGuard } from '#dist/adapters/express.js'
import { guard as fastifyGuard } from '#dist/adapters/fastify.js'
import { createRevocade, type Revocade } from '#dist/index.js'
import { startServer } from '#dist/server/index.js'

/** Where the parts are that a server asks. */
export interface Given {
  /** A store with live revocations. */
  readonly store: string
  readonly redis: string
  /** URL of an RFC 7662 endpoint. */
  readonly introspection: string
  /** The key of the tokens, for HS256, in hexadecimal. */
  readonly secret: string
  /** Where the server of {@link SIDECAR} takes revocations. */
  readonly adminPort: number
}

/** A server that is measured. The first of each group is what the others are compared with. */
export interface Entry {
  readonly name: string
  readonly group: string
  readonly path: string
  /** The least share of the throughput of the group's first that is wanted. */
  readonly least?: number
  /** Starts it in this process; it answers every good token with 200. Returns its port. */
  readonly start: (given: Given) => Promise<number>
}

/** The name of the server that is also measured while it revokes. */
export const SIDECAR = 'revocade serve, /check'

/** Who revokes through it. */
export const REVOKER = { id: 'bench', secret: 'the-secret-of-the-bench' }

/** The name of the server that answers introspections, which is not measured. */
export const INTROSPECTION = 'introspection endpoint'

const tokenOf = (authorization = ''): string => authorization.slice('Bearer '.length)

/** Whether a token is good, as a middleware without Revocade asks. */
type Ask = (token: string) => Promise<boolean>

/** `EXISTS blacklist:<token>`. Requests of one turn of the event loop share a pipeline. */
function redisAsks({ redis }: Given): Ask {
  const client = new Redis(redis, { enableAutoPipelining: true })
  return async (token) => (await client.exists(`blacklist:${token}`)) === 0
}

/** RFC 7662, over connections that stay open. */
function introspectionAsks({ introspection }: Given): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic YTpi' }
  return (token) =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(introspection, { method: 'POST', agent, headers }, (got) => {
        let text = ''
        got.setEncoding('utf8')
        got.on('data', (chunk: string) => (text += chunk))
        got.on('end', () => resolve((JSON.parse(text) as { active: unknown }).active === true))
      })
      sent.on('error', reject)
      sent.end(`token=${encodeURIComponent(token)}`)
    })
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function listening(server: Server): Promise<number> {
  // Connections wait while other servers have their turn: none may be sent into as it is closed.
  server.keepAliveTimeout = 0
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(portOf(server))))
}

function onExpress(...before: RequestHandler[]): Promise<number> {
  const app = express()
  for (const middleware of before) app.use(middleware)
  app.get('/', (_req, res) => void res.end('ok'))
  return listening(createServer(app))
}

const expressAsking =
  (ask: Ask): RequestHandler =>
  (req, res, next) => {
    const answer = (good: boolean): void => {
      if (good) next()
      else res.status(401).end()
    }
    ask(tokenOf(req.headers.authorization)).then(answer, next)
  }

async function onFastify(
  onRequest: (onRequestHookHandler | onRequestAsyncHookHandler)[] = [],
): Promise<number> {
  const app = fastify()
  app.get('/', { onRequest, handler: () => 'ok' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return portOf(app.server)
}

const fastifyAsking =
  (ask: Ask): onRequestAsyncHookHandler =>
  async (request, reply) => {
    if (!(await ask(tokenOf(request.headers.authorization)))) await reply.code(401).send()
  }

/** express-jwt, which verifies a token and leaves its claims in `request.auth`. */
const expressVerifier = ({ secret }: Given): RequestHandler =>
  expressjwt({ secret: Buffer.from(secret, 'hex'), algorithms: ['HS256'] }) as RequestHandler

/** A route behind @fastify/jwt, which leaves the claims in `request.user`, and then behind hooks. */
async function onFastifyJwt({ secret }: Given, after: onRequestHookHandler[] = []): Promise<number> {
  const app = fastify()
  await app.register(fastifyJwt, { secret: Buffer.from(secret, 'hex') })
  const verify: onRequestAsyncHookHandler = async (request) => {
    await request.jwtVerify()
  }
  app.get('/', { onRequest: [verify, ...after], handler: () => 'ok' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return portOf(app.server)
}

const engineOn = ({ store }: Given): Promise<Revocade> => createRevocade({ store, snapshot: false })

/** A guard may cost 3 % of an empty route. */
const WANTED = 0.97

const [EXPRESS, EXPRESS_JWT, FASTIFY, FASTIFY_JWT] = [
  { group: 'Express', path: '/' },
  { group: 'express-jwt', path: '/' },
  { group: 'Fastify', path: '/' },
  { group: '@fastify/jwt', path: '/' },
]

/** In the order of the table. To measure another server, add it here, in one of these groups or a new one. */
export const ENTRIES: readonly Entry[] = [
  { ...EXPRESS, name: 'Express, empty route', start: () => onExpress() },
  {
    ...EXPRESS,
    name: 'Express, guard',
    least: WANTED,
    start: async (given) => onExpress(expressGuard(await engineOn(given))),
  },
  {
    ...EXPRESS,
    name: 'Express, a middleware that does nothing',
    start: () => onExpress((_req, _res, next) => next()),
  },
  {
    ...EXPRESS,
    name: 'Express, ioredis EXISTS',
    start: (given) => onExpress(expressAsking(redisAsks(given))),
  },
  {
    ...EXPRESS,
    name: 'Express, RFC 7662 introspection',
    start: (given) => onExpress(expressAsking(introspectionAsks(given))),
  },
  { ...EXPRESS_JWT, name: 'express-jwt', start: (given) => onExpress(expressVerifier(given)) },
  {
    ...EXPRESS_JWT,
    name: 'express-jwt, guard on its claims',
    least: WANTED,
    start: async (given) => {
      const claims = (request: VerifiedRequest): unknown => request.auth
      return onExpress(expressVerifier(given), expressGuard(await engineOn(given), { claims }))
    },
  },
  { ...FASTIFY, name: 'Fastify, empty route', start: () => onFastify() },
  {
    ...FASTIFY,
    name: 'Fastify, guard',
    least: WANTED,
    start: async (given) => onFastify([fastifyGuard(await engineOn(given))]),
  },
  {
    ...FASTIFY,
    name: 'Fastify, a hook that does nothing',
    start: () => onFastify([(_request, _reply, done) => done()]),
  },
  {
    ...FASTIFY,
    name: 'Fastify, ioredis EXISTS',
    start: (given) => onFastify([fastifyAsking(redisAsks(given))]),
  },
  {
    ...FASTIFY,
    name: 'Fastify, RFC 7662 introspection',
    start: (given) => onFastify([fastifyAsking(introspectionAsks(given))]),
  },
  { ...FASTIFY_JWT, name: '@fastify/jwt', start: (given) => onFastifyJwt(given) },
  {
    ...FASTIFY_JWT,
    name: '@fastify/jwt, guard on its claims',
    least: WANTED,
    start: async (given) => {
      const claims = (request: FastifyRequest): unknown => request.user
      return onFastifyJwt(given, [fastifyGuard(await engineOn(given), { claims })])
    },
  },
  {
    group: 'Fastify',
    path: '/check',
    name: SIDECAR,
    least: 0.85,
    start: async ({ store, adminPort }) => {
      const server = await startServer({
        engine: { store, snapshot: false },
        listen: '127.0.0.1:0',
        adminListen: `127.0.0.1:${adminPort}`,
        logLevel: 'silent',
        clients: [{ ...REVOKER, tokens: 'any' }],
        revocationsPerMinute: 1e6,
      })
      return server.listen.port
    },
  },
]

/** An endpoint that costs as little as one can: it reads the token and knows all of them. */
export function startIntrospection(): Promise<number> {
  return listening(
    createServer((req, res) => {
      req.resume().on('end', () => res.setHeader('content-type', 'application/json').end('{"active":true}'))
    }),
  )
}
