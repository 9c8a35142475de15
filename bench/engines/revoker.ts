import { createRevocade } from '#dist/index.js'
import { nowNs } from '../harness/open-loop.js'
import { EXPIRES_AT } from '../inputs/claims.js'

// A process of the case `latency-under-churn`: revokes on its file as fast as it can, and reports its count.

/** Its tokens are `other-0`, `other-1`, … */
export interface Progress {
  /** So many are revoked: acknowledged, all of them. */
  readonly acknowledged: number
  /** By the monotonic clock, which the machine's processes share. */
  readonly atNs: number
}

const IN_FLIGHT = 256
const REPORT_EVERY_NS = 20e6

// Without a filter: nothing is checked here.
const engine = await createRevocade({ store: process.argv[2], prefilter: { kind: 'none' } })
const told = { stop: false }
process.send?.('ready')
process.once('message', () => {
  process.once('message', () => {
    told.stop = true
  })
  revokeAll().catch((error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})

async function revokeAll(): Promise<void> {
  let reportedAt = 0
  for (let acknowledged = 0; !told.stop;) {
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, (_, i) =>
        engine.revoke({ jti: `other-${acknowledged + i}`, exp: EXPIRES_AT }),
      ),
    )
    acknowledged += IN_FLIGHT
    const progress: Progress = { acknowledged, atNs: nowNs() }
    if (progress.atNs - reportedAt < REPORT_EVERY_NS) continue
    reportedAt = progress.atNs
    process.send?.(progress)
  }
  await engine.close()
  process.disconnect()
}
