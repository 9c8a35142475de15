import { createServer } from 'node:http'
import { expressjwt } from 'express-jwt'
import { forExpressJwt, guard } from 'revocade/express'

/** The application of the case table, on Express 4 or 5. */
export function start(express, { engine, dark, verify, unreachable, secret }) {
  const app = express()
  app.set('env', 'test') // no stack traces on stderr
  const echo = (req, res) => res.json({ claims: req.auth ?? null })
  app.all('/plain', guard(engine), echo)
  app.all('/verified', guard(engine, { verify }), echo)
  app.all('/optional', guard(engine, { required: false }), echo)
  app.all('/claims', expressjwt({ secret, algorithms: ['HS256'], credentialsRequired: false }), [
    guard(engine, { claims: (req) => req.auth }),
    echo,
  ])
  app.use('/claims', (error, req, res, _next) => res.status(error.status).json({ claims: req.auth ?? null }))
  app.all('/no-keys', guard(engine, { verify: unreachable }), echo)
  for (const onUnknown of ['throw', 'revoked', 'active'])
    app.all(`/unknown/${onUnknown}`, guard(dark, { onUnknown, verify }), echo)
  for (const [path, asked] of [
    ['/library', engine],
    ['/library-dark', dark],
  ]) {
    const options = { secret, algorithms: ['HS256'], isRevoked: forExpressJwt(asked) }
    app.all(path, expressjwt(options), echo)
    app.all(`${path}-optional`, expressjwt({ ...options, credentialsRequired: false }), echo)
    app.all(`${path}-expired`, expressjwt({ ...options, onExpired: () => {} }), echo)
  }
  // A deadline of the request, which answers before the guard does.
  const late = (_token, req) => {
    req.res.status(504).json({ claims: null })
    return Promise.reject(new Error('a bad token'))
  }
  app.all('/late', guard(engine, { verify: late }), echo)
  // What an error handler of an application sees.
  app.use('/handled', guard(engine, { verify }), echo)
  app.use('/handled', (error, req, res, _next) =>
    res.status(error.status).json({ claims: req.auth ?? null, problem: error.problem }),
  )
  return listen(createServer(app))
}

/** Listens on loopback. Shared by the hosts on `node:http`. */
export async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
  return { port: server.address().port, close }
}
