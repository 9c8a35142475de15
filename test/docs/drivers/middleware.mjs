// Exercises the README's middleware: a good token, one that was logged out, one of a logged-out user, garbage.
import assert from 'node:assert/strict'
import { SignJWT } from 'jose'
import { authenticate, logout, logoutEverywhere } from './snippet.mjs'

const key = new TextEncoder().encode(process.env.JWT_SECRET)
const now = Math.floor(Date.now() / 1000)
const claims = (jti, sub) => ({ jti, sub, iat: now - 60, exp: now + 3600 })
const sign = (payload) => new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(key)

/** The status that a request gets: 200 where it goes on to the next handler. */
async function statusFor(authorization) {
  let status = 0
  const req = { headers: { authorization } }
  const res = { status: (code) => ((status = code), res), json: () => res }
  await authenticate(req, res, (error) => {
    status = error === undefined ? 200 : error.statusCode
  })
  assert.equal(req.auth !== undefined, status === 200)
  return status
}

const mine = `Bearer ${await sign(claims('a', 'user-1'))}`
const other = `Bearer ${await sign(claims('b', 'user-2'))}`
assert.equal(await statusFor(mine), 200)
assert.equal(await statusFor('Bearer nonsense'), 401)
assert.equal(await statusFor(undefined), 401)
await logout(claims('a', 'user-1'))
assert.equal(await statusFor(mine), 401)
assert.equal(await statusFor(other), 200)
await logoutEverywhere(claims('b', 'user-2'))
assert.equal(await statusFor(other), 401)
assert.equal(await statusFor(`Bearer ${await sign({ ...claims('c', 'user-2'), iat: now + 5 })}`), 200)
console.log('ok')
