// Runs the endpoint of docs/http.md.
import assert from 'node:assert/strict'
import { port } from './listening.mjs'

await import('./snippet.mjs')

const statusOf = async (path, headers = {}) =>
  (await fetch(`http://127.0.0.1:${await port}${path}`, { headers })).status

assert.equal(await statusOf('/check'), 401)
assert.equal(await statusOf('/check', { authorization: 'Bearer opaque' }), 200)
assert.equal(await statusOf('/policy/public/check'), 200)
assert.equal(await statusOf('/elsewhere'), 404)
console.log('ok')
process.exit()
