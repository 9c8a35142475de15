// What every recipe must do: nobody, a good token, the same after its logout, an outage.
import assert from 'node:assert/strict'
import { readdirSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { port } from './listening.mjs'

const key = new TextEncoder().encode(process.env.JWT_SECRET)
const now = Math.floor(Date.now() / 1000)

/** A good token of `user-1`. */
export const sign = (jti) =>
  new SignJWT({ sub: 'user-1', jti, iat: now - 60, exp: now + 3600 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(key)

/** One request, with the header `Authorization` once for each of `tokens`. */
export async function send({ path, method = 'GET', headers = {}, body }, tokens) {
  const options = { host: '127.0.0.1', port: await port, path, method, headers: { ...headers }, agent: false }
  if (tokens.length > 0) options.headers.authorization = tokens.map((token) => `Bearer ${token}`)
  return new Promise((resolve, reject) => {
    const sent = request(options, async (got) => {
      let text = ''
      for await (const chunk of got) text += chunk
      resolve({ status: got.statusCode, headers: got.headers, text })
    })
    sent.on('error', reject)
    sent.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy()
      resolve({ status: statusCode })
    })
    sent.end(body)
  })
}

/** A refusal names its reason in a challenge, and nothing of the token is in its body. */
export function refused({ status, headers, text }, challenge) {
  assert.equal(status, 401, text)
  assert.match(headers['www-authenticate'], challenge)
  assert.equal(headers['cache-control'], 'no-store')
  assert.doesNotMatch(text, /user-1|token-[ab]/)
}

/**
 * @param requests - `me`, whose answer has the user's name, and `logout`
 * @param more - called with the revoked token and a good one, for what a recipe must do besides
 */
export async function judge({ me, logout }, more = () => undefined) {
  process.env.NODE_ENV = 'test'
  await import('./snippet.mjs')
  const [a, b] = [await sign('token-a'), await sign('token-b')]

  refused(await send(me, []), /^Bearer realm="revocade"$/)
  refused(await send(me, ['nonsense']), /error="invalid_token"/)
  refused(await send(me, [a, b]), /error="invalid_token"/)
  const mine = await send(me, [a])
  assert.equal(mine.status, 200, mine.text)
  assert.match(mine.text, /user-1/)

  const out = await send(logout, [a])
  assert.ok(out.status === 200 || out.status === 204, out.text)
  refused(await send(me, [a]), /error_description="the token was revoked"/)
  await more(a, b)

  for (const file of readdirSync('.')) if (file.startsWith('revocade.db')) rmSync(file)
  let dark = await send(me, [b])
  for (let i = 0; dark.status === 200 && i < 300; i++) {
    await sleep(50)
    dark = await send(me, [b])
  }
  assert.equal(dark.status, 503, dark.text)
  assert.equal(dark.headers['retry-after'], '1')
  assert.doesNotMatch(dark.text, /user-1|token-b/)
  console.log('ok')
  process.exit()
}
