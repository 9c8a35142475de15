import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { report } from '../support/scale.js'
import { MISTAKES } from './mistakes.js'
import { type Mistake, plant, withMistake } from './plant.js'

// A test that can't fail shows nothing. Each mistake is made on purpose, in a copy of the build, and the test
// against it must say which promise it breaks.

/** Some tests draw random histories: few are tried first, and many only if none of these went wrong. */
const SCALES = ['1', '10']

const root = fileURLToPath(new URL('../../', import.meta.url))
const copies = `${root}build/planted`
afterAll(() => rmSync(copies, { recursive: true, force: true }))

describe.concurrent('a planted mistake is noticed', { timeout: 1_200_000 }, () => {
  it.each(MISTAKES.map((mistake, i) => ({ ...mistake, i })))('$name', async ({ i, ...mistake }) => {
    // The folder's name ends as the build's does, so that Vitest loads what is in it natively as well.
    const dist = `${copies}/${i}/dist`
    plant(mistake, `${root}src`, `${root}dist`, dist)
    let caught = false
    let output = ''
    for (const scale of SCALES) {
      const run = await vitest(mistake.caughtBy, dist, scale)
      output = run.output
      caught = run.code === 1 && mistake.breaks.test(output)
      if (caught) break
    }
    expect(caught, output).toBe(true)
    report('planted mistakes', { caught: 1 })
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

async function vitest(
  file: string,
  dist: string,
  scale: string,
): Promise<{ code: number | null; output: string }> {
  // What runs broken code is no coverage, and no news.
  const env = {
    ...process.env,
    REVOCADE_DIST: dist,
    REVOCADE_TEST_SCALE: scale,
    REVOCADE_TEST_REPORT: undefined,
    NO_COLOR: '1',
    NODE_V8_COVERAGE: undefined,
    VITEST: undefined,
  }
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', file], { cwd: root, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}
