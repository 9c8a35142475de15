import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { readPage, ROOT } from '../support/markdown.js'
import { startRedis } from '../support/redis/server.js'
import { temporaryDirectory } from '../support/temp.js'

const run = promisify(execFile)
const FOLDER = join(ROOT, 'bench/questions')

let directory: string
beforeAll(async () => {
  // Elsewhere, with nothing but the package: as one who has copied it.
  directory = temporaryDirectory()
  await mkdir(join(directory, 'node_modules'))
  await symlink(ROOT, join(directory, 'node_modules/revocade'))
})

/** The rows of what it prints, as cells. */
async function ask(name: string, args: readonly string[]): Promise<string[][]> {
  const { outputText } = ts.transpileModule(await readFile(join(FOLDER, `${name}.ts`), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const file = join(directory, `${name}.mjs`)
  await writeFile(file, outputText)
  const { stdout } = await run(process.execPath, [file, ...args])
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .slice(1)
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll("'", '')),
    )
}

describe('the scripts, a question each', () => {
  it('which prefix length: what is let through is what was asked for, and more memory lets less through', async () => {
    const rows = await ask('prefix-length', [
      '--revocations',
      '2000',
      '--checks',
      '20000',
      '--checks-per-second',
      '10',
    ])
    expect(rows.map(([, filter]) => filter)).toEqual([
      ...['0.1', '0.01', '0.001', '0.0001', '0.00001', '0.000001'].map((rate) => `bloom, ${Number(rate)}`),
      'trie, 24 bits',
      'trie, 32 bits',
      'trie, 40 bits',
    ])
    // Room for as many again: a filter for 0.1 lets a thirtieth through, and 2000 of 2^24 prefixes are taken.
    const through = rows.map((cells) => Number(cells[4]))
    expect(through[0]).toBeGreaterThan(0.005)
    expect(through[0]).toBeLessThan(0.1)
    expect(through[5]).toBeLessThan(0.001)
    expect(through[6]).toBeLessThan(0.001)
    const bits = rows.map((cells) => Number(cells[2]))
    for (const i of [1, 2, 3, 4, 5]) expect(bits[i]).toBeGreaterThan(bits[i - 1])
    for (const cells of rows) expect(Number(cells[7])).toBe(Math.round(Number(cells[4]) * 864_000))
  })

  it('how much memory: by size and filter', async () => {
    const rows = await ask('memory', ['--revocations', '500,3000'])
    expect(rows.map(([, size]) => size)).toEqual([
      ...new Array<string>(5).fill('500'),
      ...new Array<string>(5).fill('3000'),
    ])
    for (const [, size, filter, entries, kib] of rows) {
      // A filter takes some of them for known ones, or two for one.
      expect(Number(entries) / Number(size), filter).toBeGreaterThan(0.98)
      expect(Number(kib)).toBeGreaterThan(0)
    }
    expect(rows.filter(([, , filter]) => filter === 'exact').map((cells) => cells[6])).toEqual(['0', '0'])
  })

  it('is Redis worth it: with it, Redis answers what the store did', async () => {
    const redis = await startRedis()
    await symlink(join(ROOT, 'node_modules/ioredis'), join(directory, 'node_modules/ioredis'))
    const [alone, withRedis, ...others] = await ask('is-redis-worth-it', [
      '--redis',
      redis.url,
      '--revocations',
      '300',
      '--checks',
      '50',
      '--rounds',
      '2',
    ]).finally(() => redis.stop())
    expect(others).toEqual([])
    expect([alone[0], alone[3]]).toEqual(['the store alone', 'store 50'])
    expect(withRedis[0]).toBe('with Redis')
    expect(withRedis[3]).toMatch(/^redis \d+/)
    for (const cell of [alone[1], alone[4], withRedis[1], withRedis[4]])
      expect(Number(cell)).toBeGreaterThanOrEqual(0)
  })

  it('are all there are, and docs/tuning.md tells how to run each', async () => {
    const names = (await readdir(FOLDER)).map((file) => file.replace(/\.ts$/, ''))
    expect(names.toSorted()).toEqual(['is-redis-worth-it', 'memory', 'prefix-length'])
    const page = readPage('docs/tuning.md')
    for (const name of names) expect(page).toContain(`node build/bench/questions/${name}.js`)
  })
})
