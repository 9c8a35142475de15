// One "host": a process with an engine of its own. The parent tells it what to do, by messages.
import { setTimeout as sleep } from 'node:timers/promises'
import { createRevocade } from 'revocade'

const { store, redis, maxStalenessMs } = JSON.parse(process.argv[2])
const revocade = await createRevocade({ store, redis, maxStalenessMs })

/** Milliseconds by a clock that the processes of one machine share. */
const now = () => Number(process.hrtime.bigint()) / 1e6

const actions = {
  /** A check, as a request would make it. */
  async check(claims) {
    const from = now()
    const { status, decidedBy } = await revocade.check(claims)
    return { status, decidedBy, ms: now() - from }
  },

  async revoke(claims) {
    const from = now()
    const { durable, redis, seq } = await revocade.revoke(claims)
    return { durable, redis, seq, at: now(), ms: now() - from }
  },

  /** Checks again and again, until the token is refused. */
  async watch(claims) {
    for (;;) {
      if (!revocade.isClearlyActive(claims)) {
        const { status, decidedBy } = await revocade.check(claims)
        if (status === 'revoked') return { decidedBy, at: now() }
      }
      await sleep(1)
    }
  },

  /** Whether what this engine knows is new enough for its answers. */
  async lease() {
    return revocade.stats().lease
  },

  async close() {
    await revocade.close()
    process.disconnect()
  },
}

process.on('message', async ({ id, action, claims }) => {
  try {
    const answer = await actions[action](claims)
    if (process.connected) process.send({ id, answer })
  } catch (error) {
    process.send({ id, error: `${error.code ?? ''} ${error.message}` })
  }
})
process.send({ ready: true })
