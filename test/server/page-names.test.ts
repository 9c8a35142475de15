import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { RevocationStore } from '#dist/ports/index.js'
import { Filter } from '#dist/server/page/list/filter.js'
import { readPage } from '#dist/server/page/list/pages.js'
import { MemoryStore } from '#dist/testing/index.js'
import { open } from '../support/engine.js'
import { inSeconds } from '../support/time.js'

it('who took revocations back is looked up together, and of so many for one page', async () => {
  const memory = new MemoryStore()
  // As a server has them, reads take a turn.
  const store: RevocationStore = memory
  const [get, counts] = [memory.get.bind(memory), { reads: 0, underWay: 0, atOnce: 0 }]
  store.get = async (digest) => {
    counts.reads++
    counts.atOnce = Math.max(counts.atOnce, ++counts.underWay)
    await nextTurn()
    counts.underWay--
    return get(digest)
  }
  const engine = await open({ store, prefilter: { kind: 'exact' } })
  const ids = Array.from({ length: 1200 }, (_, i) => ({ jti: `n${i}`, iss: 'i', exp: inSeconds(3600) }))
  await engine.revokeMany(ids.map((token) => ({ token })))
  for (const [i, token] of ids.entries()) await engine.unrevoke(token, { actor: i < 60 ? 'carol' : 'dave' })
  const read = async (before?: number) => {
    Object.assign(counts, { reads: 0, atOnce: 0 })
    const filter = new Filter({ actor: 'carol', state: 'changes' })
    const page = await readPage({ engine, filter, liveAfter: 0 }, before === undefined ? {} : { before })
    return { ...page, names: page.rows.map(({ takenBackBy }) => takenBackBy) }
  }
  const first = await read()
  expect([first.rows, first.stoppedAt]).toEqual([[], first.older])
  expect(counts.atOnce).toBe(50)
  expect(counts.reads).toBeLessThanOrEqual(1050)
  const second = await read(first.older)
  expect(second.names).toEqual(Array.from({ length: 50 }, () => 'carol'))
  expect(second.stoppedAt).toBeUndefined()
  const third = await read(second.older)
  expect([third.names.length, third.older]).toEqual([10, undefined])
})
