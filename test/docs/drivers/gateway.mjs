// Runs a gateway of docs/adapters/gateways.md in front of an upstream that says which user it was told of.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'

let reached = 0
const upstream = createServer((req, res) => {
  reached++
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ user: req.headers['x-user'], path: req.url }))
})
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')
process.env.UPSTREAM = `http://127.0.0.1:${upstream.address().port}`

// Not before: it waits for the first server that listens.
const { judge, refused, send, sign } = await import('./recipe.mjs')
const forged = { 'x-user': 'root' }
const me = { path: '/api/me', headers: forged }
await judge({ me, logout: { path: '/logout', method: 'POST' } }, async (revoked, good) => {
  assert.equal(reached, 1)
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  const open = (token) => send({ path: '/api/me', headers: upgrade }, [token])
  refused(await open(revoked), /the token was revoked/)
  refused(await send({ path: '/api//me?x=1', headers: forged }, [revoked]), /the token was revoked/)
  assert.equal(reached, 1)
  // Its claims do not identify it: an error for the handler, and not the end of the process.
  const nameless = await send({ path: '/logout', method: 'POST' }, [await sign(undefined)])
  assert.ok([400, 500].includes(nameless.status), nameless.text)
  // The one without WebSockets takes it for a plain request.
  assert.ok([101, 200].includes((await open(good)).status))
})
