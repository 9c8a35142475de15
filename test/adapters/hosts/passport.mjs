import { createServer } from 'node:http'
import express from 'express'
import passport from 'passport'
import { ExtractJwt, Strategy } from 'passport-jwt'
import { forPassportJwt } from 'revocade/passport'
import { listen } from './express.mjs'

/** Passport with passport-jwt, on Express. */
export function start({ engine, dark, secret }) {
  const app = express()
  app.set('env', 'test') // no stack traces on stderr
  const anonymous = {
    name: 'anonymous',
    authenticate() {
      this.pass()
    },
  }
  const options = {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKey: secret,
    algorithms: ['HS256'],
  }
  const findUser = (request, payload, done) => done(null, payload)
  const echo = (req, res) => res.json({ claims: req.user ?? null })
  for (const [path, asked] of [
    ['/library', engine],
    ['/library-dark', dark],
  ]) {
    const users = new passport.Passport()
    users.use(anonymous)
    users.use(new Strategy({ ...options, passReqToCallback: true }, forPassportJwt(asked, findUser)))
    app.all(path, users.authenticate('jwt', { session: false }), echo)
    app.all(`${path}-optional`, users.authenticate(['jwt', 'anonymous'], { session: false }), echo)
  }
  const wrong = new passport.Passport()
  wrong.use(new Strategy(options, forPassportJwt(engine, findUser)))
  app.get('/without-request', wrong.authenticate('jwt', { session: false }), echo)
  // What an error handler of an application sees.
  app.use((error, req, res, _next) =>
    res.status(error.status ?? 500).json({ claims: req.user ?? null, code: error.code }),
  )
  return listen(createServer(app))
}
