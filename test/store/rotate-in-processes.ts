import { expect } from 'vitest'
import type { RevocationStore } from '#dist/ports/index.js'
import { digestOf, follow, wordsOf } from '#dist/testing/store/fixtures.js'
import { familyOf } from '#dist/testing/store/session-fixtures.js'
import { childRotator, type ChildWriter } from './child-writer.js'

const KILLS = 8

/** The number in the row that the processes count up in. */
async function counted(store: RevocationStore): Promise<number> {
  const row = await store.sessions?.get(familyOf(1))
  return Number(Buffer.from(row?.state ?? '0').toString())
}

/**
 * Lets four processes rotate one row against each other, and kills one after the other in the middle.
 *
 * @param store - open on the same data
 * @param last - how far they count
 */
export async function rotateInProcesses(path: string, store: RevocationStore, last: number): Promise<void> {
  const running = Array.from({ length: 4 }, () => childRotator(path, last))
  const all: ChildWriter[] = [...running]
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = running[kill % 4]
    if (victim === undefined) break
    await victim.said(victim.lines.length + 2 + ((kill * 17) % 40))
    victim.process.kill('SIGKILL')
    await victim.ended
    // What the dead one left is whole.
    const n = await counted(store)
    expect((await store.get(wordsOf(digestOf(n))))?.revoked).toBe(true)
    const next = childRotator(path, last)
    running[kill % 4] = next
    all.push(next)
  }
  await Promise.all(all.map(({ ended }) => ended))
  const won = all.flatMap(({ lines }) => lines.filter((line) => /^\d+$/.test(line)).map(Number))
  // No number was won twice. A killed process may have won one that it could not say any more.
  expect(new Set(won).size).toBe(won.length)
  expect(won.length).toBeGreaterThan(last - 2 * KILLS)
  expect(await counted(store)).toBe(last)
  expect((await follow(store, { seq: 0, epoch: '' })).position.seq).toBe(last)
  for (let n = 1; n <= last; n++) {
    expect((await store.get(wordsOf(digestOf(n))))?.seq).toBe(n)
    if (n % 100 === 0) expect(await store.sessions?.salt(n)).toBeDefined()
  }
  expect(await store.sessions?.salt(last + 1)).toBeUndefined()
}
