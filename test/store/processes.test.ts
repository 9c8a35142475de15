import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkIntegrity } from '#dist/store/sqlite/index.js'
import { digestOf, follow, wordsOf } from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { childWriter } from './child-writer.js'

const START = { seq: 0, epoch: '' }

/** `<seq> <n>` lines as pairs. */
const acknowledged = (lines: readonly string[]): [seq: number, n: number][] =>
  lines
    .filter((line) => /^\d+ \d+$/.test(line))
    .map((line) => {
      const [seq = 0, n = 0] = line.split(' ').map(Number)
      return [seq, n]
    })

it('processes that write together number without gaps and lose nothing', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const store = await open(path)
  const children = [0, 10_000, 20_000].map((first) => childWriter(path, first, 400))
  let position = START
  const seen: number[] = []
  const advance = async (): Promise<void> => {
    const news = await follow(store, position, 50)
    position = news.position
    seen.push(...news.changes.map(({ seq }) => seq))
  }
  while (children.some(({ process }) => process.exitCode === null)) {
    await advance()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(children.map(({ ended }) => ended))
  await advance()
  const all = children.flatMap(({ lines }) => acknowledged(lines))
  expect(all.map(([seq]) => seq).sort((a, b) => a - b)).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1))
  expect(seen).toEqual(Array.from({ length: 1200 }, (_, i) => i + 1))
  for (const [seq, n] of all) expect(store.get(wordsOf(digestOf(n)))?.seq).toBe(seq)
})

it('a kill -9 at any instant loses nothing acknowledged', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  const all: [seq: number, n: number][] = []
  for (let cycle = 0; cycle < 20; cycle++) {
    const child = childWriter(path, cycle * 100_000, 100_000)
    await child.said(2 + ((cycle * 37) % 400))
    child.process.kill('SIGKILL')
    await child.ended
    all.push(...acknowledged(child.lines))
  }
  expect(all.length).toBeGreaterThan(1000)
  const store = await open(path)
  for (const [seq, n] of all) expect(store.get(wordsOf(digestOf(n)))?.seq).toBe(seq)
  const { changes, position } = await follow(store, START)
  expect(changes.map(({ seq }) => seq)).toEqual(Array.from({ length: position.seq }, (_, i) => i + 1))
  await store.close()
  expect(checkIntegrity(path, true)).toEqual([])
})
