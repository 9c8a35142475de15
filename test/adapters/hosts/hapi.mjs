import Hapi from '@hapi/hapi'
import hapiJwt from 'hapi-auth-jwt2'
import { guard, revocadePlugin } from 'revocade/hapi'

/** The application of the case table, on hapi. */
export async function start({ engine, dark, verify, unreachable, secret }) {
  const server = Hapi.server({ port: 0, host: '127.0.0.1', debug: false })
  await server.register([{ plugin: revocadePlugin, options: { engine } }, hapiJwt])
  server.auth.strategy('jwt', 'jwt', {
    key: secret,
    verifyOptions: { algorithms: ['HS256'] },
    validate: () => ({ isValid: true }),
  })
  // hapi answers HEAD by the route of GET, and keeps '*' from it.
  const route = (path, method, auth = false) =>
    server.route(
      ['GET', 'OPTIONS'].map((verb) => ({
        method: verb,
        path,
        options: { auth, ext: { onPostAuth: { method } } },
        handler: ({ auth: { credentials } }) => ({ claims: credentials }),
      })),
    )
  const after = { claims: ({ auth }) => (auth.isAuthenticated ? auth.credentials : undefined) }
  const trying = { strategy: 'jwt', mode: 'try' }
  route('/plain', guard(server.revocade))
  route('/verified', guard(engine, { verify }))
  route('/optional', guard(engine, { required: false }))
  route('/claims', guard(engine, after), trying)
  route('/no-keys', guard(engine, { verify: unreachable }))
  for (const onUnknown of ['throw', 'revoked', 'active'])
    route(`/unknown/${onUnknown}`, guard(dark, { onUnknown, verify }))
  route('/library', guard(engine, after), 'jwt')
  route('/library-optional', guard(engine, { ...after, required: false }), trying)
  route('/library-dark', guard(dark, after), 'jwt')
  route('/library-dark-optional', guard(dark, { ...after, required: false }), trying)
  route('/handled', guard(engine, after), 'jwt')
  // What an error handler of an application sees.
  server.ext('onPreResponse', ({ path, auth, response }, h) => {
    if (path !== '/handled' || !response.isBoom) return h.continue
    const { status, headers, problem } = response
    const reply = h.response({ claims: auth.credentials, problem }).code(status)
    for (const [name, value] of Object.entries(headers)) reply.header(name, value)
    return reply
  })
  await server.start()
  return { port: server.info.port, close: () => server.stop({ timeout: 0 }) }
}
