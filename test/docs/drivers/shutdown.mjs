// Stops a server that has an idle connection, and expects the engine to be closed with it.
import assert from 'node:assert/strict'
import { revocade, server, shutdown } from './snippet.mjs'

const response = await fetch(`http://localhost:${server.address().port}`)
assert.equal(await response.text(), 'ok')
await shutdown()
assert.equal(server.listening, false)
await assert.rejects(revocade.isRevoked({ jti: 'a' }), { code: 'ERR_CLOSED' })
console.log('ok')
