import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault, Seen } from './fault.js'
import { monotonicMs, type Round } from './history.js'
import { between, type Cell, type Scene, someone } from './scene.js'

/** Rejects a change, or leaves its outcome open. */
const CODES = ['ERR_NOT_DURABLE', 'ERR_STORE_UNAVAILABLE', 'ERR_STORE_CORRUPT']

/** Injects one fault, heals it, waits until all peers work again, and judges everything that they saw. */
export async function playRound(fault: Fault, scene: Scene, cell: Cell): Promise<Round> {
  const { peers, store } = scene
  const { loses = false } = fault.expected(cell)
  const round = await peers.round(async () => {
    if (loses) peers.saved(await store.backup())
    const start = monotonicMs()
    const heal = await fault.inject(scene)
    const [least, most] = fault.lastsMs ?? [0, 0]
    await sleep(between(scene, least, most))
    await heal?.()
    const end = monotonicMs()
    await peers.healed()
    if (loses) {
      // What is acknowledged by now must be found by whoever opens the store next.
      const me = someone(scene)
      await peers.peer(me).kill()
      await peers.restart(me)
      await peers.healed()
    }
    // An engine that judged expiries by a clock astray has noticed by then.
    if (fault.expected(cell).astray) await sleep(1000)
    return { start, end, loses }
  })
  return { ...round, wrong: [...round.wrong, ...unexpected(fault, cell, round)] }
}

/** How what was seen differs from what is expected. */
function unexpected(fault: Fault, cell: Cell, { unknown, refused }: Round): string[] {
  const expected = fault.expected(cell)
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0)
  return [
    ...differs('unknown checks', expected.unknown, unknown),
    ...differs('rejected changes', expected.refused, refusals),
    ...Object.keys(refused)
      .filter((code) => !CODES.includes(code))
      .map((code) => `a change was rejected with ${code}`),
  ]
}

const differs = (what: string, expected: Seen, seen: number): string[] =>
  expected === 'maybe' || (expected === 'yes') === seen > 0
    ? []
    : [`${what}: expected ${expected === 'yes' ? 'some' : 'none'}, saw ${seen}`]
