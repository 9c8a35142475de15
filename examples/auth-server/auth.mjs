// Log in, refresh, log out, and the devices of a user.
import express from 'express'
import { limited } from './guards.mjs'
import { hashPassword, isPassword, NOBODYS } from './passwords.mjs'

const NAME = /^[a-z0-9][a-z0-9._-]{0,31}$/
const [SHORTEST, LONGEST] = [12, 200]

/** @param parts What app.mjs made: users, sessions, tokens, cookies, limits, signedIn. */
export function authRoutes({ users, sessions, tokens, cookies, limits, signedIn }) {
  const auth = express.Router()
  const guessing = [
    limited(limits.addresses, (req) => `address ${req.ip}`),
    limited(limits.logins, (req) => `login ${req.ip} ${req.auth?.sub ?? nameOf(req.body)}`),
  ]

  const begin = async (req, res, user) => {
    const details = { device: deviceOf(req), address: req.ip ?? '' }
    const issued = await sessions.create({ sub: user.id, details })
    // The password may have been changed while it was checked. Whoever changed it has ended the sessions of
    // before, and not this one.
    if (users.byId(user.id)?.password !== user.password) {
      await sessions.revoke({ sid: issued.session.sid }, { reason: 'password changed' })
      return false
    }
    // What this browser had before, of this user or another one.
    for (const refreshToken of cookies.refreshTokens(req))
      await sessions.revoke({ refreshToken }, { reason: 'logged in again' })
    cookies.set(res, await tokens.sign(issued.claims), issued)
    return true
  }

  auth.post('/register', guessing, async (req, res) => {
    const { name, password } = credentials(req.body)
    if (!NAME.test(name) || password.length < SHORTEST) {
      res.status(400).json({ error: 'name-or-password' })
      return
    }
    const user = users.add(name, await hashPassword(password))
    if (user === undefined) res.status(409).json({ error: 'name-taken' })
    else if (await begin(req, res, user)) res.status(201).json({ name })
    else res.status(401).json({ error: 'wrong-password' })
  })

  auth.post('/login', guessing, async (req, res) => {
    const { name, password } = credentials(req.body)
    const user = users.byName(name)
    const isRight = await isPassword(password, user?.password ?? NOBODYS)
    if (user !== undefined && isRight && (await begin(req, res, user))) res.json({ name })
    else res.status(401).json({ error: 'wrong-password' })
  })

  // A page that is told 401 asks here, and then again. A reused refresh token ends its session and the access
  // tokens of it. The cookies stay: another tab may have newer ones.
  auth.post(
    '/refresh',
    limited(limits.refreshes, (req) => `refresh ${req.ip}`),
    async (req, res) => {
      const [refreshToken, ...others] = cookies.refreshTokens(req)
      if (refreshToken === undefined || others.length > 0) {
        res.status(401).json({ error: 'no-session' })
        return
      }
      const issued = await sessions.rotate(refreshToken)
      cookies.set(res, await tokens.sign(issued.claims), issued)
      res.sendStatus(204)
    },
  )

  // Without an access token: it may have expired. Nobody is kept from logging out by a limit.
  auth.post('/logout', async (req, res) => {
    for (const refreshToken of cookies.refreshTokens(req))
      await sessions.revoke({ refreshToken }, { reason: 'logout' })
    cookies.clear(res)
    res.sendStatus(204)
  })

  auth.post('/logout-everywhere', signedIn, async (req, res) => {
    await sessions.revoke({ sub: req.auth.sub }, { reason: 'logged out everywhere' })
    cookies.clear(res)
    res.sendStatus(204)
  })

  auth.get('/sessions', signedIn, async (req, res) => {
    const list = []
    for await (const { sid, createdAt, rotatedAt, details } of sessions.list({ sub: req.auth.sub }))
      list.push({ sid, createdAt, lastSeen: rotatedAt, ...details, current: sid === req.auth.sid })
    res.json(list)
  })

  auth.delete('/sessions/:sid', signedIn, async (req, res) => {
    const session = await sessions.get(req.params.sid)
    if (session?.sub !== req.auth.sub) {
      res.status(404).json({ error: 'no-session' })
      return
    }
    await sessions.revoke({ sid: session.sid }, { reason: 'ended by its user' })
    res.sendStatus(204)
  })

  auth.post('/password', signedIn, guessing, async (req, res) => {
    const { password, newPassword } = credentials(req.body)
    const user = users.byId(req.auth.sub)
    if (newPassword.length < SHORTEST) {
      res.status(400).json({ error: 'name-or-password' })
      return
    }
    const isRight = await isPassword(password, user?.password ?? NOBODYS)
    // First the password, then the sessions: a login in between is refused by one or ended by the other.
    if (!isRight || !users.changePassword(user, await hashPassword(newPassword))) {
      res.status(401).json({ error: 'wrong-password' })
      return
    }
    const { sub, sid } = req.auth
    const { ended } = await sessions.revoke({ sub, except: sid }, { reason: 'password changed' })
    res.json({ ended })
  })

  return auth
}

const textOf = (value) => (typeof value === 'string' ? value : '')
const nameOf = (body) => textOf(body?.name).trim().toLowerCase()
/** A password that is too long is none. */
const passwordOf = (value) => (textOf(value).length > LONGEST ? '' : textOf(value))
const credentials = (body) => ({
  name: nameOf(body),
  password: passwordOf(body?.password),
  newPassword: passwordOf(body?.newPassword),
})

/** For a list of devices. It is what the browser says, and proves nothing. */
const deviceOf = (req) => textOf(req.body?.device).slice(0, 60) || (req.get('user-agent') ?? '').slice(0, 120)
