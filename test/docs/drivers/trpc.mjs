// Runs the recipe of docs/adapters/trpc.md.
import assert from 'node:assert/strict'
import { judge, refused, send } from './recipe.mjs'

const me = { path: '/me' }
const logout = { path: '/logout', method: 'POST', headers: { 'content-type': 'application/json' } }
await judge({ me, logout }, async (revoked) => {
  const batch = { path: '/me,me?batch=1', headers: { accept: 'application/json' } }
  refused(await send(batch, [revoked]), /the token was revoked/)
  // The answer of a stream has begun before its calls end.
  const streamed = await send({ ...batch, headers: { 'trpc-accept': 'application/jsonl' } }, [revoked])
  assert.equal(streamed.status, 401)
  assert.doesNotMatch(streamed.text, /user-1/)
})
