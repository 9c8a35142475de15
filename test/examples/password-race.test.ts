import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express, { type RequestHandler, type Router } from 'express'
import { createRevocade } from 'revocade'
import { expect, it } from 'vitest'
import { createLimits } from '#dist/limits/index.js'
import { createSessions, type Sessions } from '#dist/sessions/index.js'
import { temporaryDirectory } from '../support/temp.js'

const FOLDER = '../../examples/auth-server'

interface User {
  readonly id: string
  readonly password: string
}
interface Users {
  add(name: string, password: string): User
  byName(name: string): User
  changePassword(user: User, password: string): boolean
  close(): void
}

// They have no types.
const { authRoutes } = (await import(`${FOLDER}/auth.mjs`)) as { authRoutes: (parts: object) => Router }
const { createCookies } = (await import(`${FOLDER}/cookies.mjs`)) as {
  createCookies: (origin: string) => object
}
const { hashPassword } = (await import(`${FOLDER}/passwords.mjs`)) as {
  hashPassword: (password: string) => Promise<string>
}
const { openUsers } = (await import(`${FOLDER}/users.mjs`)) as { openUsers: (file: string) => Users }

it('a login whose password is changed after it was checked leaves no session', async () => {
  const folder = temporaryDirectory()
  const revocade = await createRevocade({
    store: join(folder, 'revocade.db'),
    maxTokenLifetimeSeconds: 90 * 86_400,
  })
  const users = openUsers(join(folder, 'users.db'))
  const user = users.add('judy', await hashPassword('correct horse battery'))
  const sessions = createSessions(revocade, { accessTokenSeconds: 600 })
  const created: string[] = []
  // The old password was right. Then the new one is set and all sessions are ended, and then this one begins.
  const create: Sessions['create'] = async (session) => {
    users.changePassword(users.byName('judy'), await hashPassword('another horse battery'))
    await sessions.revoke({ sub: user.id })
    const issued = await sessions.create(session)
    created.push(issued.session.sid)
    return issued
  }
  const limit = createLimits({ points: 100, seconds: 60 })
  const signedIn: RequestHandler = (_req, _res, next) => {
    next()
  }
  const app = express().use(
    express.json(),
    authRoutes({
      users,
      sessions: { ...sessions, create },
      tokens: { sign: () => 'signed' },
      cookies: createCookies('http://localhost'),
      limits: { addresses: limit, logins: limit, refreshes: limit },
      signedIn,
    }),
  )
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'judy', password: 'correct horse battery' }),
  })
  expect([response.status, response.headers.getSetCookie()]).toEqual([401, []])
  expect(created).toHaveLength(1)
  expect(await sessions.get(created[0] ?? '')).toBeUndefined()

  server.closeAllConnections()
  server.close()
  users.close()
  await revocade.close()
})
