import fastifyJwt from '@fastify/jwt'
import fastify from 'fastify'
import { forFastifyJwt, guard, revocadePlugin } from 'revocade/fastify'

const METHODS = ['GET', 'OPTIONS', 'POST']

/** The application of the case table, on Fastify. */
export async function start({ engine, dark, verify, unreachable, secret }) {
  const app = fastify()
  const handler = (request) => ({ claims: request.user ?? null })
  const route = (url, ...onRequest) => ({ method: METHODS, url, onRequest, handler })
  // What an error handler of an application sees.
  const errorHandler = ({ statusCode, headers, problem }, request, reply) =>
    reply
      .code(statusCode)
      .headers(headers)
      .send({ claims: request.user ?? null, problem })
  await app.register(revocadePlugin, { engine })
  app.route(route('/plain', guard(app.revocade)))
  app.route(route('/verified', guard(engine, { verify })))
  app.route(route('/optional', guard(engine, { required: false })))
  app.route(route('/no-keys', guard(engine, { verify: unreachable })))
  for (const onUnknown of ['throw', 'revoked', 'active'])
    app.route(route(`/unknown/${onUnknown}`, guard(dark, { onUnknown, verify })))
  await app.register(async (scope) => {
    await scope.register(fastifyJwt, { secret })
    const verified = async (request) => {
      if (request.headers.authorization !== undefined) await request.jwtVerify()
    }
    scope.route({
      ...route('/claims', verified, guard(engine, { claims: ({ user }) => user })),
      errorHandler,
    })
  })
  for (const [path, asked] of [
    ['/library', engine],
    ['/library-dark', dark],
  ]) {
    await app.register(async (scope) => {
      await scope.register(fastifyJwt, { secret, trusted: forFastifyJwt(asked) })
      const verified = (request) => request.jwtVerify()
      scope.route(route(path, verified))
      const complete = (request) => request.jwtVerify({ decode: {}, verify: { complete: true } })
      scope.route({
        ...route(`${path}-optional`, complete),
        handler: ({ user }) => ({ claims: user.payload }),
      })
      scope.route({
        ...route(`${path}-handled`, verified),
        errorHandler,
      })
    })
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: app.server.address().port, close: () => app.close() }
}
