import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { jwt } from 'hono/jwt'
import { guard } from 'revocade/hono'
import { listen } from './express.mjs'

/** The application of the case table, on Hono. */
export function start({ engine, dark, verify, unreachable, secret }) {
  const app = new Hono()
  const echo = (c) => c.json({ claims: c.get('jwtPayload') ?? null })
  const library = jwt({ secret, alg: 'HS256' })
  const afterLibrary = { claims: (c) => c.get('jwtPayload') }
  app.all('/plain', guard(engine), echo)
  app.all('/verified', guard(engine, { verify }), echo)
  app.all('/optional', guard(engine, { required: false }), echo)
  app.use('/claims', async (c, next) => (c.req.header('authorization') ? library(c, next) : next()))
  app.all('/claims', guard(engine, afterLibrary), echo)
  app.all('/no-keys', guard(engine, { verify: unreachable }), echo)
  for (const onUnknown of ['throw', 'revoked', 'active'])
    app.all(`/unknown/${onUnknown}`, guard(dark, { onUnknown, verify }), echo)
  for (const [path, asked] of [
    ['/library', engine],
    ['/library-dark', dark],
  ]) {
    app.all(path, library, guard(asked, afterLibrary), echo)
    app.all(`${path}-optional`, library, guard(asked, { ...afterLibrary, required: false }), echo)
  }
  // What an error handler of an application sees.
  const handled = new Hono()
  handled.onError((error, c) =>
    c.json({ claims: c.get('jwtPayload') ?? null, problem: error.problem }, error.status, error.headers),
  )
  handled.all('/', library, guard(engine, afterLibrary), echo)
  app.route('/handled', handled)
  return listen(createServer(getRequestListener(app.fetch)))
}
