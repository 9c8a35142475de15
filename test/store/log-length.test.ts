import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Mutation } from '#dist/ports/index.js'
import { revoke } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

const MB = 1e6
/** Each row takes a page of the log: as in an index of a million digests, of which each has its own page. */
const PAGE_OF_TEXT = 'x'.repeat(3900)

/** So many revocations, of which each takes a page. */
const pages = (first: number, count: number): Mutation[] =>
  Array.from({ length: count }, (_, i) => revoke(first + i, { reason: PAGE_OF_TEXT }))

const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0)

describe('the log', () => {
  it('of large batches is folded once in 32,000 pages, and the next one overwrites it', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const log = `${path}-wal`
    const store = await open(path)

    await store.write(pages(0, 10_000))
    await store.write(pages(10_000, 10_000))
    expect(sizeOf(path)).toBeLessThan(MB) // nothing is folded
    expect(sizeOf(log)).toBeGreaterThan(80 * MB)

    await store.write(pages(20_000, 12_000)) // 32,000 rows and their index
    expect(sizeOf(path)).toBeGreaterThan(120 * MB)
    const { size } = statSync(log)
    expect(size).toBeGreaterThan(128 * MB)

    await store.write(pages(32_000, 256))
    expect(sizeOf(log)).toBe(size)
  })

  it('of single revocations is short, and one of them folds a long log', async () => {
    const path = join(temporaryDirectory(), 'store.db')
    const store = await open(path)
    await store.write(pages(0, 2000))
    expect(sizeOf(path)).toBeLessThan(MB)
    await store.write([revoke(2000)])
    expect(sizeOf(path)).toBeGreaterThan(7 * MB)
    const { size } = statSync(`${path}-wal`)
    await store.write([revoke(2001)])
    expect(sizeOf(`${path}-wal`)).toBe(size)
  })
})
