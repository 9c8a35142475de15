/**
 * The process that the demo kills. It revokes without end and prints the number of each acknowledged
 * revocation. Arguments: the path of the store, and the NumericDate seconds at which the revocations expire.
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
    // Synchronous, after the acknowledgement: the parent never reads a number that is not durable.
    writeSync(1, `${index}\n`)
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, revokeOn))
