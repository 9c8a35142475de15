import { describe, expect, it, onTestFinished } from 'vitest'
import { openReadPath, type ReadPath } from '#dist/cli/tune/read-path.js'
import { claimsOf } from '#dist/cli/tune/timing.js'
import { createPrefilter } from '#dist/prefilter/create.js'

/** A path whose filter holds two tokens. */
async function pathWith(read: () => unknown): Promise<ReadPath> {
  const prefilter = await createPrefilter({ kind: 'bloom', expectedRevocations: 1000 })
  const path = await openReadPath(prefilter, { storeReadNs: 0, read })
  onTestFinished(() => path[Symbol.asyncDispose]())
  for (const id of ['known', 'second']) prefilter.add(path.digester.token(claimsOf(id)))
  return path
}

describe('the read path that tune measures', () => {
  it.each([
    ['by a promise', () => Promise.resolve(undefined)],
    ['at once', () => undefined],
  ])('asks a real store that answers %s, and goes by what it is told', async (_how, answer) => {
    let reads = 0
    const { lookup, behind } = await pathWith(() => {
      reads++
      return answer()
    })
    expect(await lookup.isRevoked(claimsOf('other'))).toBe(false)
    expect(reads).toBe(0)
    expect(await lookup.isRevoked(claimsOf('known'))).toBe(false)
    expect([reads, behind.storeReads]).toEqual([1, 1])
    behind.revoked = true
    expect(await lookup.isRevoked(claimsOf('second'))).toBe(true)
    expect([reads, behind.storeReads]).toEqual([2, 2])
  })

  it('does not ask it where it answers instantly', async () => {
    const { lookup, behind } = await pathWith(() => {
      throw new Error('it was asked')
    })
    behind.instant = true
    expect(await lookup.isRevoked(claimsOf('known'))).toBe(false)
    expect(behind.storeReads).toBe(1)
  })
})
