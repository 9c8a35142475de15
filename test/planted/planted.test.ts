import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { report, SCALE } from '../support/scale.js'
import type { ModuleFailures } from './failures-reporter.js'
import { type Group, grouped, groupOf, nameOf } from './groups.js'
import { MISTAKES } from './mistakes.js'
import { type Mistake, plant, withMistake } from './plant.js'

// A test that can't fail shows nothing. Each mistake is made on purpose, in a copy of the build, and the test
// against it must say which promise it breaks.

const root = fileURLToPath(new URL('../../', import.meta.url))
const copies = `${root}build/planted`
afterAll(() => rmSync(copies, { recursive: true, force: true }))

describe('a planted mistake is noticed', () => {
  /** What failed, by the number of the mistake. */
  const failures = new Map<number, string>()
  const isCaught = (i: number): boolean => MISTAKES[i]?.breaks.test(failures.get(i) ?? '') === true
  const remaining = (): number[] => [...MISTAKES.keys()].filter((i) => !isCaught(i))

  const alone = (): Group[] => remaining().map((i) => [i])

  beforeAll(async () => {
    // What is not noticed is tried once more, alone, with more of the random histories that some tests draw.
    await tryAll(SCALE > 1 ? alone() : grouped(MISTAKES, remaining()), '1')
    await tryAll(alone(), '10')
  }, 1_200_000)

  async function tryAll(groups: readonly Group[], scale: string): Promise<void> {
    for (const group of groups) {
      const mistakes = group.flatMap((i) => MISTAKES[i] ?? [])
      // The folder's name ends as the build's does, so that Vitest loads what is in it natively as well.
      const copy = `${copies}/${nameOf(group)}`
      plant(mistakes, `${root}src`, `${root}dist`, `${copy}/dist`)
      writeFileSync(`${copy}/run.ts`, programOf(group))
    }
    if (groups.length === 0) return
    for (const [group, text] of await runTests(groups, scale)) for (const i of group) failures.set(i, text)
  }

  it.each(MISTAKES.map(({ name }, i) => ({ name, i })))('$name', ({ i }) => {
    expect(isCaught(i), failures.get(i)).toBe(true)
    report('planted mistakes', { caught: 1 })
  })
})

describe('mistakes share a copy', () => {
  const one: Mistake = {
    ...{ name: '', file: 'a.ts', within: 'a', is: '', becomes: '' },
    ...{ caughtBy: 'a.test.ts', breaks: /× a/ },
  }
  const other = { ...one, within: 'b', breaks: /× b[^]*× c/ }

  it('if one file catches them by different titles, and they stand in different declarations', () => {
    expect(grouped([one, other], [0, 1])).toEqual([[0, 1]])
    for (const apart of [
      { ...other, caughtBy: 'b.test.ts' },
      { ...other, within: 'a' },
      { ...other, breaks: /× c[^]*× a/ },
      { ...other, breaks: /active/ },
    ])
      expect(grouped([one, apart], [0, 1])).toEqual([[0], [1]])
  })
})

describe('a mistake is planted', () => {
  const mistake = (within: string, is: string): Mistake => ({
    ...{ name: '', file: 'a.ts', within, is, becomes: 'false', caughtBy: '', breaks: /./ },
  })
  const text = 'function a() { return x\n  && y }\nclass B { #a() { return x && y } }'

  it.each([
    ['a', 'x && y', 'function a() { return false }\nclass B { #a() { return x && y } }'],
    ['#a', 'x&&y', 'function a() { return x\n  && y }\nclass B { #a() { return false } }'],
  ])('in the declaration of %s, white space aside', (within, is, expected) => {
    expect(withMistake(mistake(within, is), text)).toBe(expected)
  })

  it.each([
    ['b', 'x', /0 declarations of b/],
    ['a', 'z', /stands 0 times in a/],
    ['a', 'n', /stands \d+ times in a, not once/],
  ])('nowhere else: %s, %s', (within, is, error) => {
    expect(() => withMistake(mistake(within, is), text)).toThrow(error)
  })
})

/** A test file: that which must notice the mistakes of a group, on their copy (planted.config.ts). */
function programOf(group: Group): string {
  const name = nameOf(group)
  const file = MISTAKES[group[0] ?? 0]?.caughtBy
  return `
import { only } from '${root}test/planted/only.ts'
import { MISTAKES } from '${root}test/planted/mistakes.ts'
process.env.REVOCADE_DIST = '${copies}/${name}/dist' // for child processes
only([${group.join()}].map((i) => MISTAKES[i]))
for (const file of ['setup.ts', '${file?.replace('test/', '')}'])
  await import(/* @vite-ignore */ \`${root}test/\${file}?copy=${name}\`)
`
}

/** Runs the tests against some groups of mistakes, all in one Vitest: what failed, by group. */
async function runTests(groups: readonly Group[], scale: string): Promise<Map<Group, string>> {
  // What runs broken code is no coverage, and no news.
  const env = {
    ...process.env,
    REVOCADE_PLANTED: copies,
    REVOCADE_PLANTED_ONLY: groups.map(nameOf).join(),
    REVOCADE_TEST_SCALE: scale,
    REVOCADE_TEST_REPORT: undefined,
    NO_COLOR: '1',
    NODE_V8_COVERAGE: undefined,
    REVOCADE_TEST_COVERAGE: undefined,
    VITEST: undefined,
  }
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--root', '.']
  const config = ['--config', 'test/planted/planted.config.ts']
  const child = spawn(process.execPath, [...vitest, ...config], { cwd: root, env })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  await once(child, 'close')
  const found = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as ModuleFailures)
  if (found.length !== groups.length) throw new Error(`not every mistake was tried: ${stdout}${stderr}`)
  return new Map(found.map(({ folder, failures }) => [groupOf(folder), failures.join('\n')]))
}
