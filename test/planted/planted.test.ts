import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

// A test that can't fail shows nothing. Each of these mistakes is made on purpose, in a copy of the build, and the tests that
// are there against it must say which promise it breaks.

interface Mistake {
  readonly name: string
  /** Within the build. */
  readonly file: string
  /** What stands there, once, and what is put in its place. */
  readonly is: string
  readonly becomes: string
  /** The test file that must fail, and how: the promise it names (docs/guarantees.md), or the test. */
  readonly caughtBy: string
  readonly breaks: RegExp
}

/** Histories that chance makes, until one goes wrong. With the sound code a tenth of them is tried. */
const RUNS = '6000'

const REDIS = 'test/redis/interleavings.test.ts'
const RESTORED = 'test/redis/restored.test.ts'
const EXACT_LOOKUP = 'test/engine/exact-lookup.test.ts'
const SYNC = 'test/engine/sync.test.ts'
const ENGINE = 'test/engine/interleavings.test.ts'

const MISTAKES: readonly Mistake[] = [
  {
    name: 'the lease counts from the reply',
    file: 'engine/sync.js',
    is: 'this.#renew(sentAt);\n                break;',
    becomes: 'this.#renew(this.#deps.clock.monotonic());\n                break;',
    caughtBy: SYNC,
    breaks: /× runs from before the poll was sent/,
  },
  {
    name: 'a bucket that bears no version is taken for complete',
    file: 'buckets/version-table.js',
    is: '|| version === null)\n            return false',
    becomes: ')\n            return false; if (version === null)\n            return true',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'the version of a bucket is ignored',
    file: 'buckets/version-table.js',
    is: 'return version.length === VERSION_BYTES && Buffer.compare(this.#at(this.#table, bucket), version) === 0',
    becomes: 'return true',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a number alone is the version: a high-water mark',
    file: 'buckets/version-table.js',
    is: 'Buffer.compare(this.#at(this.#table, bucket), version) === 0',
    becomes:
      'this.#at(this.#table, bucket).readUIntBE(0, SEQ_BYTES) <= Buffer.from(version).readUIntBE(0, SEQ_BYTES)',
    caughtBy: RESTORED,
    breaks: /× .*taken for newer[^]*× .*proves nothing/,
  },
  {
    name: 'a bucket is changed whatever version it is at',
    file: 'redis/prefix-cache/bucket-script.js',
    is: 'if at ~= ARGV[1] then',
    becomes: 'if false then',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a digest is looked for under another field than it was written',
    file: 'redis/prefix-cache/keys.js',
    is: 'digest.byteOffset + 2, 6);\n}\nexport function fieldOfBytes',
    becomes: 'digest.byteOffset + 3, 6);\n}\nexport function fieldOfBytes',
    caughtBy: REDIS,
    breaks: /2: own .* active/,
  },
  {
    name: "an engine's own commit does not move the version",
    file: 'engine/sync.js',
    is: 'if (buckets !== undefined)',
    becomes: 'if (buckets === null)',
    caughtBy: REDIS,
    breaks: /2: own .* active/,
  },
  {
    name: 'a version that does not fit what was known is passed over',
    file: 'buckets/version-table.js',
    is: 'known.set(UNCERTAIN);',
    becomes: '',
    caughtBy: RESTORED,
    breaks: /× .*found by it at once/,
  },
  {
    name: 'a follower asks only whether its position is in the history',
    file: 'engine/sync.js',
    is: 'poll(this.#position, SLICE, this.#seen)',
    becomes: 'poll(this.#position, SLICE)',
    caughtBy: RESTORED,
    breaks: /× .*committed ahead of what it had read/,
  },
  {
    name: 'an answer is cached that is newer than what was seen of the history',
    file: 'engine/verdict-cache.js',
    is: '(row?.seq ?? 0) <= this.maxConfirmedSeq',
    becomes: 'true',
    caughtBy: RESTORED,
    breaks: /× .*ahead of what an engine had read is not kept/,
  },
  {
    name: "Redis's answer is cached although a change came after its proof",
    file: 'engine/exact-lookup.js',
    is: 'this.#cache.set(digest, null, this.#cache.generation);',
    becomes: 'queueMicrotask(() => this.#cache.set(digest, null, this.#cache.generation));',
    caughtBy: EXACT_LOOKUP,
    breaks: /× .*cached in that turn/,
  },
  {
    name: "the store's answer is cached although a change came while it was under way",
    file: 'engine/exact-lookup.js',
    is: 'this.#cache.set(digest, row, askedAt)',
    becomes: 'this.#cache.set(digest, row, this.#cache.generation)',
    caughtBy: ENGINE,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a check joins a lookup that was sent before the last change',
    file: 'engine/exact-lookup.js',
    is: 'flight?.generation === this.#cache.generation',
    becomes: 'flight !== undefined',
    caughtBy: EXACT_LOOKUP,
    breaks: /× .*before a change/,
  },
  {
    name: 'the cursor goes by what arrives',
    file: 'engine/sync.js',
    is: 'seq === this.#position.seq + 1 &&',
    becomes: 'seq > this.#position.seq ||',
    caughtBy: ENGINE,
    breaks: /3: .* active too late/,
  },
]

const root = fileURLToPath(new URL('../../', import.meta.url))
const copies = `${root}build/planted`
afterAll(() => rmSync(copies, { recursive: true, force: true }))

describe.concurrent('a mistake is noticed', { timeout: 1_200_000 }, () => {
  it.each(MISTAKES.map((mistake, i) => ({ ...mistake, i })))(
    '$name',
    async ({ i, file, is, becomes, caughtBy, breaks }) => {
      // The folder's name ends as the build's does: what runs there runs outside the test runner's own loader as well.
      const dist = `${copies}/${i}/dist`
      mkdirSync(dist, { recursive: true })
      cpSync(`${root}dist`, dist, { recursive: true })
      const text = readFileSync(`${dist}/${file}`, 'utf8')
      expect(text.split(is).length, `${is} stands in ${file} once`).toBe(2)
      writeFileSync(
        `${dist}/${file}`,
        text.replace(is, () => becomes),
      )
      const { code, output } = await vitest(caughtBy, dist)
      expect(output).toMatch(breaks)
      expect(code).toBe(1)
    },
  )
})

async function vitest(file: string, dist: string): Promise<{ code: number | null; output: string }> {
  // What runs broken code is no coverage.
  const env = {
    ...process.env,
    REVOCADE_DIST: dist,
    REVOCADE_TEST_RUNS: RUNS,
    NO_COLOR: '1',
    NODE_V8_COVERAGE: undefined,
    VITEST: undefined,
  }
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', file], { cwd: root, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, output }
}
