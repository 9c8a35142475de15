// Puts the parts together.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { createRevocade } from 'revocade'
import { guard } from 'revocade/express'
import { createLimits } from 'revocade/limits'
import { createPermissions } from 'revocade/permissions'
import { createSessions } from 'revocade/sessions'
import { createVerifier } from 'revocade/verify'
import { authRoutes } from './auth.mjs'
import { createCookies } from './cookies.mjs'
import { failed, may, sameOrigin, securityHeaders } from './guards.mjs'
import { ACCESS_SECONDS, createTokens } from './tokens.mjs'
import { openUsers, ROLES } from './users.mjs'

const DAY = 86_400
const PUBLIC = fileURLToPath(new URL('public', import.meta.url))

/**
 * @param {{ folder: string, origin: string, store?: string, redis?: object }} options `store` is a URL of
 *   PostgreSQL or Redis, for several hosts; `redis` a client, for limits that processes share
 */
export async function createApp({ folder, origin, store = join(folder, 'revocade.db'), redis }) {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const revocade = await createRevocade({ store, maxTokenLifetimeSeconds: 90 * DAY })
  const users = openUsers(join(folder, 'users.db'))
  const tokens = await createTokens(join(folder, 'key.json'), origin)
  const cookies = createCookies(origin)
  const sessions = createSessions(revocade, {
    accessTokenSeconds: ACCESS_SECONDS,
    perSubject: { max: 20, atLimit: 'end-oldest' },
    onEvent: ({ type, session }) => {
      if (type === 'reused') console.error(`a refresh token of user ${session.sub} was stolen: session ended`)
    },
  })
  const permissions = createPermissions(revocade, { load: ({ sub }) => users.permissionsOf(sub) })
  const verified = createVerifier(revocade, { verify: tokens.verify })
  const limits = {
    addresses: createLimits({ points: 100, seconds: 900, redis }),
    logins: createLimits({ points: 10, seconds: 900, redis }),
    refreshes: createLimits({ points: 120, seconds: 60, redis }),
  }
  const signedIn = guard(revocade, { token: cookies.accessTokens, verify: (token) => verified(token) })

  const app = express()
  app.disable('x-powered-by')
  // Behind a proxy, say which: app.set('trust proxy', 'loopback'). Limits go by req.ip.
  app.use(securityHeaders, sameOrigin(origin))
  app.use(express.static(PUBLIC, { cacheControl: false }))
  app.use(express.json({ limit: '4kb' }))
  app.use('/auth', authRoutes({ users, sessions, tokens, cookies, limits, signedIn }))

  app.get('/me', signedIn, async (req, res) => {
    const { name, role } = users.byId(req.auth.sub)
    res.json({ name, role, permissions: await permissions.get(req.auth) })
  })
  app.get('/users', signedIn, may(permissions, 'users:read'), (_req, res) => res.json(users.list()))
  app.put('/users/:name/role', signedIn, may(permissions, 'users:write'), async (req, res) => {
    const user = users.byName(req.params.name)
    if (user === undefined || !ROLES.includes(req.body?.role)) {
      res.status(400).json({ error: 'name-or-role' })
      return
    }
    users.changeRole(user, req.body.role)
    // Once it resolves, this process has forgotten what the user might do before; others follow within a second.
    await permissions.invalidate({ sub: user.id })
    res.sendStatus(204)
  })
  app.use((_req, res) => res.status(404).json({ error: 'not-found' }))
  app.use(failed)

  return {
    app,
    async close() {
      await revocade.close()
      users.close()
    },
  }
}
