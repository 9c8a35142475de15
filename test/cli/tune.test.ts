import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRevocade, type TokenClaims } from 'revocade'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Ran, Running } from '../support/cli.js'
import { sequence } from '../support/sequence.js'
import { inSeconds } from '../support/time.js'
import { inProcess } from './in-process.js'

const FAKE_TERMINAL = fileURLToPath(new URL('fake-terminal.mjs', import.meta.url))
const SOON = { timeout: 30_000 }

const dir = inProcess()
const BASICS = ['--revocations', '1e6', '--checks-per-second', '5000']
/** By the figures of a benchmark: the same answer on every machine. */
const FIXED = [...BASICS, '--no-calibration']
const LIMITS = ['--redis-rtt-us', '300', '--memory-mb', '20', '--store-reads-per-day', '3000']

interface Candidate {
  name: string
  redis: boolean
  memoryBytes: number
  redisBytes: number | null
  prefixCacheBits: number | null
  falseStoreReadsPerDay: number
  fits: object
}
interface Figure {
  name: string
  predicted: number
  measured: number | null
  ratio: number | null
  within: boolean | null
  note?: string
}
interface Document {
  traffic: Record<string, number | null>
  population: Record<string, number>
  costs: { source: string; active: [number, number][]; storeRead: number }
  redisLayer: object | null
  optimum: {
    falsePositiveRate: number
    falsePositiveRateWithRedis: number | null
    prefixCacheBits: object | null
  }
  candidates: Candidate[]
  choice: Candidate & {
    reasons: string[]
    options: { prefilter: { kind: 'bloom' | 'trie' | 'exact'; expectedRevocations: number } }
    code: string
  }
  measured:
    | { name: string; entries: number; cutShort: string | null; pace: number | null; figures: Figure[] }[]
    | null
}

async function json(args: readonly string[], stdin = ''): Promise<Document> {
  return documentOf(await dir.run(['tune', ...args, '--json'], { stdin }))
}

function documentOf(ran: Ran): Document {
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout) as Document
}

describe('tune', () => {
  it('prints the traffic, a table, the plot, the choice with its reasons, and options to paste', async () => {
    const { code, stdout, stderr } = await dir.run(['tune', ...FIXED, ...LIMITS])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const rows = stdout.split('\n').filter((line) => /^[a-zA-Z][*! ]/.test(line) && /[KM]iB/.test(line))
    expect(rows).toHaveLength(26)
    expect(rows.filter((row) => /^[A-Z]\*/.test(row))).toHaveLength(1)
    expect(rows.filter((row) => /^[a-z]!/.test(row)).every((row) => row.includes('no: '))).toBe(true)
    // The prefix cache has bits only with Redis: 48 of the field and 15 of the bucket.
    expect(rows.filter((row) => / 63 {2}[\d.]+ MiB /.test(row))).toHaveLength(13)
    expect(stdout).toContain('memory in a process\n\nChoice: ')
    expect(stdout).toMatch(/\n {2}- .* costs least of the \d+ of 26 candidates that keep the budget/)
    expect(stdout).toMatch(
      /\ncreateRevocade\(\{\n {2}prefilter: \{ kind: '\w+', .*expectedRevocations: 6_100_000 \},\n/,
    )
  })

  it('emits options that an engine takes', async () => {
    for (const more of [
      [],
      ['--store-reads-per-day', '0'],
      ['--store-reads-per-day', '2000', '--memory-mb', '15'],
    ]) {
      const { choice } = await json([...FIXED, ...more])
      const [, literal = ''] = /prefilter: (\{.*\}),/.exec(choice.code) ?? []
      const pasted = JSON.parse(
        literal
          .replace(/(\d)_(?=\d)/g, '$1')
          .replace(/(\w+):/g, '"$1":')
          .replace(/'/g, '"'),
      ) as Document['choice']['options']['prefilter']
      expect(pasted).toEqual(choice.options.prefilter)
      const engine = await createRevocade({
        store: join(dir.path, `${choice.name}.db`),
        prefilter: { ...pasted, expectedRevocations: 1000 },
        snapshot: false,
      })
      onTestFinished(() => engine.close())
      expect(engine.stats().prefilter.kind).toBe(pasted.kind)
    }
  })

  it('tells a program the same in bytes, nanoseconds and shares', async () => {
    const told = await json([
      ...FIXED,
      ...LIMITS,
      '--revoked-share',
      '1%',
      '--token-life',
      '2h',
      '--store-read-us',
      '5',
    ])
    expect(told.traffic).toEqual({
      revocations: 1e6,
      checksPerSecond: 5000,
      revokedShare: 0.01,
      tokenLifeSeconds: 7200,
      redisRttUs: 300,
      memoryBytes: 20 * 2 ** 20,
      storeReadsPerDay: 3000,
    })
    expect(told.costs).toMatchObject({ source: 'default', storeRead: 5000 })
    expect(told.candidates).toHaveLength(26)
    for (const { redis, redisBytes, prefixCacheBits, memoryBytes } of told.candidates) {
      expect([redisBytes === null, prefixCacheBits === null]).toEqual([!redis, !redis])
      expect(memoryBytes).toBeGreaterThan(0)
    }
    const { memoryBytes, falseStoreReadsPerDay, fits } = told.choice
    expect([memoryBytes <= 20 * 2 ** 20, falseStoreReadsPerDay <= 3000, fits]).toEqual([true, true, true])
    expect(told.optimum.prefixCacheBits).toMatchObject({ present: 62 })
    expect(told.measured).toBeNull()
  })

  it('leaves Redis out where there is none', async () => {
    const told = await json(FIXED)
    expect(told.candidates).toHaveLength(13)
    expect(told).toMatchObject({
      redisLayer: null,
      traffic: {
        redisRttUs: null,
        memoryBytes: null,
        storeReadsPerDay: null,
        revokedShare: 0.001,
        tokenLifeSeconds: 3600,
      },
    })
    expect(told.optimum).toMatchObject({ falsePositiveRateWithRedis: null, prefixCacheBits: null })
  })

  it('calibrates on this machine unless told not to', async () => {
    const { costs, candidates } = await json(['--revocations', '1000', '--checks-per-second', '10'])
    expect(costs.source).toBe('measured')
    for (const [i, [bytes, ns]] of costs.active.entries()) {
      expect(ns).toBeGreaterThan(0)
      // A larger table is never faster.
      const [smaller, faster] = costs.active[i - 1] ?? [0, 0]
      expect([bytes > smaller, ns >= faster]).toEqual([true, true])
    }
    expect(candidates).toHaveLength(13)
  })
})

describe('tune with wrong or missing options', () => {
  it.each([
    [['--revocations', '1e9'], 'from 1 to 400,000,000'],
    [['--revocations', '1.5'], 'a whole number'],
    [['--revocations', '0'], 'a whole number'],
    [['--revocations', 'many'], 'such as 1e6'],
    [['--checks-per-second', '0'], 'a number above 0'],
    [['--revoked-share', '2'], 'a share from 0 to 1'],
    [['--revoked-share', '150%'], 'a share from 0 to 1'],
    [['--token-life', '15 minutes'], 'a duration'],
    [['--token-life', '11y'], 'a duration'],
    [['--redis-rtt-us', '0'], 'microseconds from 1'],
    [['--memory-mb', '0'], 'MiB above 0'],
    [['--store-reads-per-day', '-1'], 'a number from 0'],
    [['--store-read-us', 'fast'], 'microseconds from 0'],
    [['--store', 'revocade.db', '--store-read-us', '9'], 'give --store, whose reads are timed, or'],
    [['--revocation', '5'], 'Did you mean --revocations?'],
  ])('%j', async (args, says) => {
    const { code, stdout, stderr } = await dir.run(['tune', ...FIXED, ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^ERR_USAGE: /)
    expect(stderr).toContain(says)
  })

  it('times reads of a store that must exist', async () => {
    const store = join(dir.path, 'other.db')
    const missing = await dir.run(['tune', ...FIXED, '--store', store])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toContain('ERR_STORE_UNAVAILABLE: there is no store')
    await dir.run(['revoke', '--jti', 'a', '--expires-in', '1h', '--store', store])
    const { costs } = await json([...FIXED, '--store', store])
    expect(costs.storeRead).toBeGreaterThan(0)
    expect(costs.storeRead).not.toBe(3800)
    const other = await dir.run(['tune', ...FIXED, '--store', store, '--namespace', 'none'])
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("no namespace 'none'")])
  })

  it('asks nobody where nobody is there', async () => {
    expect(await dir.run(['tune', '--revocations', '5'])).toMatchObject({
      code: 2,
      stderr: 'ERR_USAGE: give --checks-per-second (checks a second in a process)\n',
    })
    const { stdout, stderr } = await dir.run(['tune', '--json'])
    expect(JSON.parse(stderr || stdout)).toMatchObject({ error: { code: 'ERR_USAGE' } })
  })

  it('refuses what no filter holds, and says that nothing keeps the budget', async () => {
    expect(await dir.run(['tune', '--revocations', '4e8', '--checks-per-second', '1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('1,213,333,334 revocations would have to be kept') as unknown,
    })
    expect((await dir.run(['tune', ...FIXED, '--memory-mb', '0.03'])).stdout).toMatch(
      /\nNearest: trie 16\n {2}- Nothing keeps the budget\. /,
    )
  })

  it('takes the smallest and the largest', async () => {
    expect(
      (await json(['--revocations', '1', '--checks-per-second', '0.001', '--no-calibration'])).candidates,
    ).toHaveLength(13)
    const large = await json([
      '--revocations',
      '4e8',
      '--checks-per-second',
      '1e7',
      '--revoked-share',
      '1',
      '--token-life',
      '3650d',
      '--redis-rtt-us',
      '1e6',
      '--no-calibration',
    ])
    expect(JSON.stringify(large)).not.toMatch(/NaN|Infinity/)
    for (const { memoryBytes } of large.candidates) expect(memoryBytes).toBeGreaterThan(0)
  })
})

describe('tune --from-stats', () => {
  const given = (document: unknown, more: readonly string[] = []) => {
    const file = join(dir.path, 'figures.json')
    writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document))
    return json(['--from-stats', file, '--no-calibration', ...more])
  }
  const engine = (checksPerSecond: number, entries = 4999) => ({
    checksPerSecond,
    shares: { prefilter: 0.98, cache: 0.01, redis: 0, store: 0.01, policy: 0 },
    prefilter: { entries, measuredFalsePositiveRate: 0.01 / 0.99 },
    redis: { roundTripMs: 0.4 },
  })

  it('takes what an engine says of itself, and stats --json of its store', async () => {
    const revocade = await createRevocade({ store: join(dir.path, 'revocade.db'), snapshot: false })
    const revoked: TokenClaims[] = Array.from({ length: 3000 }, (_, i) => ({
      jti: `r${i}`,
      exp: inSeconds(1800),
    }))
    await revocade.revokeMany(
      revoked.map((claims) => ({ jti: String(claims.jti), expiresAt: Number(claims.exp) })),
    )
    for (let i = 0; i < 990; i++) revocade.isClearlyActive({ jti: `a${i}`, exp: inSeconds(60) })
    for (const claims of revoked.slice(0, 10)) await revocade.isRevoked(claims)
    const stats = revocade.stats()
    await revocade.close()

    // 3000 in the filter, with what expired within the hour: the steady state for tokens of an hour.
    const { traffic } = await given(stats, ['--checks-per-second', '50'])
    expect(traffic).toMatchObject({
      revocations: Math.round(3000 / (1 + 7320 / 3600)),
      checksPerSecond: 50,
      redisRttUs: null,
    })
    expect(traffic.revokedShare).toBeCloseTo(0.01, 5)

    const counted = await dir.run(['stats', '--json'])
    expect((await given(counted.stdout, ['--checks-per-second', '50'])).traffic).toMatchObject({
      revocations: 3000,
      revokedShare: 0.001,
    })
  })

  it('takes the last line of watch --json, and of its engines the busiest', async () => {
    const lines = [engine(1), engine(900)].map((one) =>
      JSON.stringify({ seconds: 1, engines: [one, engine(20, 77)], redis: null }),
    )
    const { traffic } = await given(`${lines.join('\n')}\n`)
    expect(traffic).toMatchObject({ revocations: 1648, checksPerSecond: 900, redisRttUs: 400 })
    // Of the 2 % that the prefilter did not rule out, half were its mistakes.
    expect(traffic.revokedShare).toBeCloseTo(0.0101, 3)
  })

  it('takes stdin, and flags before it', async () => {
    const told = JSON.stringify({ engines: [engine(900)] })
    const { traffic } = await json(
      ['--from-stats', '-', '--no-calibration', '--revocations', '7', '--redis-rtt-us', '99'],
      told,
    )
    expect(traffic).toMatchObject({ revocations: 7, checksPerSecond: 900, redisRttUs: 99 })
  })

  it.each([
    ['{', 'is no JSON'],
    ['', 'is no JSON'],
    ['[1, 2]', 'there are no figures of an engine'],
    ['{"prefilter":{"entries":"many"}}', 'there are no figures'],
  ])('refuses %j', async (text, says) => {
    const { code, stderr } = await dir.run(['tune', '--from-stats', '-'], { stdin: text })
    expect(code).toBe(2)
    expect(stderr).toContain(says)
  })

  it('says which file can’t be read', async () => {
    expect(await dir.run(['tune', '--from-stats', 'nowhere.json'])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^ERR_FILE: --from-stats: nowhere.json can't be read/) as unknown,
    })
  })
})

describe('tune on a terminal', () => {
  const terminal = (args: readonly string[]): Running => {
    const running = new Running(['tune', ...args], {
      cwd: dir.path,
      env: { NO_COLOR: '1' },
      nodeArgs: ['--import', FAKE_TERMINAL],
    })
    onTestFinished(() => running.signal('SIGKILL'))
    return running
  }

  it('asks for what it was not told, again where the answer is none, and takes defaults', async () => {
    const running = terminal(['--no-calibration', '--no-progress', '--token-life', '2h'])
    const asked = async (question: string, answer: string): Promise<void> => {
      await expect.poll(() => running.stderr.endsWith(question), SOON).toBe(true)
      running.type(`${answer}\n`)
    }
    await asked('revocations alive at a time: ', 'a million')
    await asked('such as 1e6\nrevocations alive at a time: ', '1e6')
    await asked('checks a second in a process: ', '5000')
    await asked('[0.1%]: ', '')
    await asked('[none]: ', '300')
    await asked('MiB [none]: ', '')
    await asked('nobody revoked [none]: ', '3000')
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    expect(stdout).toMatch(
      sequence(
        /checks a second +5,000, 0\.10 % of revoked tokens\ntoken life +2 h\n/,
        /Redis +300 µs there and back\nmemory for a filter +no limit\n/,
        /false reads of the store +3,000 a day\n/,
      ),
    )
  })

  it('takes answers that were pasted at once, and says so where there are too few', async () => {
    const running = terminal(['--no-calibration', '--no-progress'])
    running.end('1e6\n5000\n')
    expect(await running.ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('no more answers') as unknown,
    })
  })

  it('fits 80 columns', async () => {
    const running = terminal([...FIXED, ...LIMITS, '--no-progress'])
    const { code, stdout } = await running.ended
    expect(code).toBe(0)
    // What is to be pasted stays as it is.
    for (const line of stdout.split('\n'))
      if (!line.startsWith('  prefilter: ')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(stdout).not.toContain('…')
    expect(stdout).toMatch(/\n[A-Z]\* {2}\w+/)
  })
})

/** What does not depend on the machine is as predicted, and the ratios are those of the figures. */
function expectAgreement(figures: readonly Figure[], memoryBytes: number | undefined): void {
  const by = new Map(figures.map((figure) => [figure.name, figure]))
  expect([...by.keys()]).toEqual([
    'memory',
    'falsePositiveRate',
    'leavesProcess',
    'meanNs',
    'p99Ns',
    'falseStoreReadsPerDay',
  ])
  // What the table says.
  expect(by.get('memory')).toMatchObject({ predicted: memoryBytes, within: true })
  expect(by.get('falsePositiveRate')?.within).not.toBe(false)
  // A third of the revoked are in the cache, and few others leave.
  expect(Math.abs((by.get('leavesProcess')?.ratio ?? 0) - 1)).toBeLessThan(0.04)
  for (const { name, predicted, measured, ratio, within } of figures) {
    if (measured === null || predicted === 0) continue
    expect(ratio, name).toBeCloseTo(measured / predicted, 9)
    expect(within, name).toBe(measured / predicted <= 1.5 && predicted / measured <= 1.5)
  }
}

/** In a process of its own, in which nothing but the measurement runs. */
const measure = (...args: string[]): Promise<Ran> => dir.runProcess(['tune', ...args, '--measure'])

describe('tune --measure', () => {
  it('builds the best three and puts what they do beside the prediction', async () => {
    const told = documentOf(
      await measure(
        ...['--revocations', '2000', '--checks-per-second', '5'],
        ...['--revoked-share', '20%', '--redis-rtt-us', '50', '--json'],
      ),
    )
    expect(told.measured).toHaveLength(3)
    expect(told.measured?.[0]?.name).toBe(told.choice.name)
    for (const { name, entries, cutShort, pace, figures } of told.measured ?? []) {
      expect(cutShort).toBeNull()
      expect(pace).toBeGreaterThan(0)
      // But for digests that the filter took for known ones.
      expect(entries / (told.population.fullest ?? Infinity)).toBeGreaterThan(0.8)
      expectAgreement(figures, told.candidates.find((one) => one.name === name)?.memoryBytes)
    }
  })
})
