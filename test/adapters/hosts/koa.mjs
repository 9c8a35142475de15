import { createServer } from 'node:http'
import jwt from 'koa-jwt'
import { forKoaJwt, guard } from 'revocade/koa'
import { listen } from './express.mjs'

/** The application of the case table, on Koa 2 or 3. */
export function start(Koa, { engine, dark, verify, unreachable, secret }) {
  const app = new Koa()
  app.silent = true // no 503 on stderr
  const library = (options) => jwt({ secret, algorithms: ['HS256'], ...options })
  const routes = new Map([
    ['/plain', guard(engine)],
    ['/verified', guard(engine, { verify })],
    ['/optional', guard(engine, { required: false })],
    ['/claims', guard(engine, { claims: ({ state }) => state.user })],
    ['/no-keys', guard(engine, { verify: unreachable })],
    ...['throw', 'revoked', 'active'].map((onUnknown) => [
      `/unknown/${onUnknown}`,
      guard(dark, { onUnknown, verify }),
    ]),
    ['/library', forKoaJwt(engine, library())],
    ['/library-dark', forKoaJwt(dark, library())],
    ['/library-optional', forKoaJwt(engine, library({ passthrough: true }), { required: false })],
    ['/library-dark-optional', forKoaJwt(dark, library({ passthrough: true }), { required: false })],
    ['/handled', forKoaJwt(engine, library({ key: 'me' }), { key: 'me' })],
  ])
  // What an error handler of an application sees.
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      if (!['/handled', '/claims'].includes(ctx.path)) throw error
      ctx.status = error.status
      ctx.set(error.headers)
      ctx.body = { claims: ctx.state.me ?? ctx.state.user ?? null, problem: error.problem }
    }
  })
  const verifier = library({ passthrough: true })
  app.use((ctx, next) => (ctx.path === '/claims' ? verifier(ctx, next) : next()))
  app.use((ctx, next) => routes.get(ctx.path)(ctx, next))
  app.use((ctx) => (ctx.body = { claims: ctx.state.user ?? null }))
  return listen(createServer(app.callback()))
}
