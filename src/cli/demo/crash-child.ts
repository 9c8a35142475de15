/**
 * The process that the demo kills: revokes without end and says so of each revocation, once it is acknowledged.
 * Arguments: the store's path, the seconds at which the revocations expire.
 */
import { writeSync } from 'node:fs'
import { createRevocade } from '../../create-revocade.js'
import { crashClaims } from './crash.js'

const IN_FLIGHT = 8
const [store = '', expiresAt = ''] = process.argv.slice(2)
const engine = await createRevocade({ store, prefilter: { kind: 'none' }, snapshot: false })

let next = 0
async function revokeOn(): Promise<never> {
  for (;;) {
    const index = next++
    await engine.revoke(crashClaims(index), { expiresAt: Number(expiresAt) })
    // At once and unbuffered: what the other side reads was acknowledged before.
    writeSync(1, `${index}\n`)
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, revokeOn))
