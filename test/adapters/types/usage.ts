// What users write in TypeScript, with the frameworks' own types. It is compiled and not run.
import fastifyJwt from '@fastify/jwt'
import Hapi from '@hapi/hapi'
import { type CanActivate, UseGuards } from '@nestjs/common'
import express, {
  type NextFunction,
  type Request as ExpressRequest,
  type Response as ExpressResponse,
} from 'express'
import { expressjwt, type Request as JwtRequest } from 'express-jwt'
import fastify, { type FastifyRequest } from 'fastify'
import { type Context, Hono } from 'hono'
import { type JWTPayload, jwtVerify } from 'jose'
import Koa from 'koa'
import jwt from 'koa-jwt'
import client from 'prom-client'
import { createRevocade } from 'revocade'
import { forExpressJwt, guard as expressGuard } from 'revocade/express'
import { forFastifyJwt, guard as fastifyGuard, revocadePlugin } from 'revocade/fastify'
import { guard as fetchGuard } from 'revocade/fetch'
import { guard as hapiGuard, revocadePlugin as hapiPlugin } from 'revocade/hapi'
import { guard as honoGuard } from 'revocade/hono'
import { createForwardAuth, RefusedRequest } from 'revocade/http'
import { forKoaJwt, guard as koaGuard } from 'revocade/koa'
import { RevocadeGuard } from 'revocade/nest'
import { instrument as traced } from 'revocade/opentelemetry'
import { instrument as measured } from 'revocade/prometheus'

const engine = await createRevocade()
const verify = (token: string) => Promise.resolve({ sub: token })
const key = new TextEncoder().encode('s')

const app = express()
app.use(expressGuard(engine))
app.get('/', expressGuard(engine, { verify, onUnknown: 'revoked' }), (req, res) => void res.send(req.path))
app.use(expressGuard(engine, { claims: (req: JwtRequest) => req.auth }))
app.use(expressGuard(engine, { token: (req: ExpressRequest) => String(req.cookies) }))
app.use((error: unknown, req: ExpressRequest, res: ExpressResponse, next: NextFunction) => {
  if (!(error instanceof RefusedRequest)) return next(error)
  res.status(error.status).type('application/problem+json').json(error.problem)
})
app.use(expressjwt({ secret: 's', algorithms: ['HS256'], isRevoked: forExpressJwt(engine) }))

const server = fastify()
await server.register(revocadePlugin, { engine, guard: { verify }, closeEngine: true })
await server.register(fastifyJwt, { secret: 's', trusted: forFastifyJwt(engine) })
server.get('/', { onRequest: fastifyGuard(engine) }, () => 'x')
server.addHook('preHandler', fastifyGuard(engine, { claims: (request: FastifyRequest) => request.user }))

server.setErrorHandler((error: unknown, request, reply) => {
  if (!(error instanceof RefusedRequest)) throw error
  if (error.status === 503) request.log.error(error.cause)
  return reply.code(error.status).headers(error.headers).send(error.problem)
})

const koa = new Koa()
koa.use(koaGuard(engine))
koa.use(koaGuard(engine, { claims: (ctx: Koa.Context) => ctx.state.user as unknown }))
koa.use(forKoaJwt(engine, jwt({ secret: 's' }), { key: 'user' }))

const hono = new Hono<{ Variables: { jwtPayload: JWTPayload } }>()
hono.use(honoGuard(engine, { verify: async (token: string) => (await jwtVerify(token, key)).payload }))
hono.get('/me', (c) => c.json({ user: c.get('jwtPayload').sub }))
hono.post('/logout', async (c) => c.json(await engine.revoke(c.get('jwtPayload'))))
hono.onError((error) => ('getResponse' in error ? error.getResponse() : new Response(null, { status: 500 })))
hono.use('/x', honoGuard(engine, { claims: (c: Context) => c.get('jwtPayload') as unknown }))

const hapi = Hapi.server()
await hapi.register({ plugin: hapiPlugin, options: { engine, guard: { verify } } })
hapi.ext('onPostAuth', hapiGuard(engine, { claims: (request: Hapi.Request) => request.auth.credentials }))

export const nest: CanActivate = new RevocadeGuard(engine, { verify })
UseGuards(
  new RevocadeGuard(engine, { claims: (request: ExpressRequest & { user?: object }) => request.user }),
)

const { refused, claims } = await fetchGuard(engine, { verify })(new Request('http://localhost'))
export const answered: Response = refused ?? Response.json(claims)

const authorize = fetchGuard(engine, { verify: async (token) => (await jwtVerify(token, key)).payload })
export async function logout(request: Request): Promise<Response> {
  const { refused, refusal, claims } = await authorize(request)
  if (refused) return refusal.status === 503 ? Response.json(refusal.cause) : refused
  await engine.revoke(claims, { reason: claims.sub })
  return new Response(null, { status: 204 })
}

const optional = fetchGuard(engine, { verify, required: false })
const configured = fetchGuard(engine, { verify, required: process.argv.length > 2 })
const unverified = fetchGuard(engine)
const ofNext = fetchGuard(engine, { verify, token: (request: NextRequest) => request.cookies.get('token') })
const explicit = fetchGuard<NextRequest>(engine, { verify })
type NextRequest = Request & { readonly cookies: ReadonlyMap<string, string> }
export async function handle(request: NextRequest): Promise<string | undefined> {
  const guarded = await optional(request)
  if (guarded.refused) return guarded.refusal.code
  // @ts-expect-error there may be no token
  console.log(guarded.claims.sub)
  // @ts-expect-error the same
  console.log((await configured(request)).claims.sub)
  // @ts-expect-error nothing has told the claims
  console.log((await unverified(request)).claims?.sub)
  const { refusal, claims } = await ofNext(request)
  const nobody: undefined = refusal ? claims : undefined
  console.log((await explicit(request)).claims, (await explicit(request)).refusal?.cause, nobody)
  return refusal ? refusal.reason : claims.sub
}

const check = createForwardAuth(engine, { policies: { public: { required: false } } })
export const asked = (request: import('node:http').IncomingMessage) => check(request)

export const told = (error: unknown): number => (error instanceof RefusedRequest ? error.status : 500)

measured(engine, { client, registry: client.register })
measured(engine, { client, registry: new client.Registry() })
traced(engine, { checkSpans: true })
