// Runs a server of docs/adapters: nobody, a good token, and the same after its logout.
import assert from 'node:assert/strict'
import { SignJWT } from 'jose'
import { port } from './listening.mjs'

const key = new TextEncoder().encode(process.env.JWT_SECRET)
const now = Math.floor(Date.now() / 1000)
const claims = {
  ...{ iss: 'https://issuer.example/', aud: 'https://api.example', sub: 'user-1', jti: 'a' },
  ...{ iat: now - 60, exp: now + 3600 },
}
const sign = (payload) => new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(key)
const token = await sign(claims)

process.env.NODE_ENV = 'test'
await import('./snippet.mjs')

const ask = async (path, method = 'GET', authorization = `Bearer ${token}`) =>
  fetch(`http://127.0.0.1:${await port}${path}`, { method, headers: { authorization } })

assert.equal((await ask('/me', 'GET', 'Bearer nonsense')).status, 401)
const mine = await ask('/me')
assert.equal(mine.status, 200)
assert.deepEqual(await mine.json(), { user: 'user-1' })
assert.equal((await ask('/logout', 'POST')).status, 204)
const after = await ask('/me')
assert.equal(after.status, 401)
assert.match(after.headers.get('www-authenticate'), /^Bearer realm=.*error="invalid_token"/)
const unnamed = `Bearer ${await sign({ ...claims, jti: undefined })}`
// A guard that is given claims only lets no token without an id pass.
if ((await ask('/me', 'GET', unnamed)).ok) assert.equal((await ask('/logout', 'POST', unnamed)).status, 400)
console.log('ok')
process.exit()
