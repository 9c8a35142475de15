/**
 * The process that the demo kills. It revokes without end and prints the number of each acknowledged
 * revocation. REVOCADE_STORE is the store.
 */
import { writeSync } from 'node:fs'
import { createRevocade } from '../../create-revocade.js'
import { crashClaims } from './tokens.js'

const IN_FLIGHT = 8
const engine = await createRevocade({
  store: process.env.REVOCADE_STORE ?? '',
  prefilter: { kind: 'none' },
  snapshot: false,
})
const expiresAt = Math.floor(Date.now() / 1000) + 3600

let next = 0
async function revokeOn(): Promise<never> {
  for (;;) {
    const index = next++
    await engine.revoke(crashClaims(index), { expiresAt })
    // Synchronous, after the acknowledgement: the parent never reads a number that is not durable.
    writeSync(1, `${index}\n`)
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, revokeOn))
