import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth } from '#dist/cli/output/table.js'
import { Rates } from '#dist/cli/watch/rates.js'
import type { Look, WatchedFigures } from '#dist/cli/watch/sample.js'
import { sparkline } from '#dist/cli/watch/sparkline.js'
import { view } from '#dist/cli/watch/view.js'

const READY = { server: 'redis://localhost:6379/0', state: 'ready', why: null, roundTripMs: 0.4 } as const

interface Told {
  readonly checks?: number
  readonly store?: number
  readonly policy?: number
  readonly falsePositives?: number | null
  readonly ageMs?: number | null
  readonly queued?: number
  readonly roundTripMs?: number
  readonly breaker?: string
}

function figures(
  engine: string,
  {
    checks = 0,
    store = 0,
    policy = 0,
    falsePositives = null,
    ageMs = 10,
    queued = 0,
    roundTripMs = 1,
    breaker = 'closed',
  }: Told = {},
): WatchedFigures {
  return {
    engine,
    prefilter: {
      kind: 'bloom',
      entries: 5,
      bytes: 100,
      expectedFalsePositiveRate: 0,
      measuredFalsePositiveRate: falsePositives,
    },
    decided: { prefilter: checks, cache: 0, redis: 0, store, policy },
    lease: { live: ageMs !== null, ageMs, maxStalenessMs: 1000 },
    store: { seq: 1 },
    redis: {
      state: breaker === 'closed' ? 'ready' : 'unavailable',
      breaker,
      why: null,
      queued,
      complete: true,
      buckets: 4,
      verified: 4,
      roundTripMs,
    },
  }
}

const TABLE = `\
engine            checks/s  prefilter    cache    redis    store    lease  false +    breaker  queue     ping
web-1:17:0a1b2c     10,000    99.90 %      0 %      0 %   0.10 %    10 ms   0.10 %     closed      0   1.0 ms
web-2:99:ffffff        5.0      100 %      0 %      0 %      0 %  run out        –  half-open      3   1.0 ms
total               10,005    99.90 %      0 %      0 %   0.10 %  run out   0.10 %                 3   1.0 ms`

/** A look at some second. */
function look(
  second: number,
  engines: readonly WatchedFigures[],
  { seq = 0, redis = READY }: { readonly seq?: number; readonly redis?: Look['redis'] } = {},
): Look {
  const at = second * 1000
  return {
    time: new Date(Date.UTC(2026, 0, 1) + at),
    at,
    seq,
    engines: engines.map((own) => ({ at, figures: own })),
    reached: engines.length,
    redis,
  }
}

describe('rates', () => {
  it('are differences over the time between, by engine and together', () => {
    const rates = new Rates()
    expect(
      rates.next(look(0, [figures('a', { checks: 500 }), figures('b', { checks: 100 })], { seq: 10 })),
    ).toMatchObject({
      seconds: null,
      revocationsPerSecond: null,
      total: { engines: 2, checksPerSecond: null, shares: null },
    })
    const next = [
      figures('a', { checks: 590, store: 10, falsePositives: 0.5, ageMs: 300, queued: 2, roundTripMs: 4 }),
      figures('b', { checks: 100, falsePositives: 0, ageMs: 20, queued: 1 }),
    ]
    const frame = rates.next(look(2, next, { seq: 14 }))
    expect(frame).toMatchObject({
      time: '2026-01-01T00:00:02.000Z',
      seconds: 2,
      seq: 14,
      revocationsPerSecond: 2,
    })
    expect(frame.engines).toMatchObject([
      { engine: 'a', silentMs: 0, checksPerSecond: 50, shares: { prefilter: 0.9, store: 0.1 } },
      { engine: 'b', checksPerSecond: 0, shares: null },
    ])
    expect(frame.total).toMatchObject({
      checksPerSecond: 50,
      shares: { prefilter: 0.9, store: 0.1 },
      lease: { live: true, ageMs: 300 },
      queued: 3,
      roundTripMs: 4,
    })
    // a: 590 absent and as many false positives; b: 100 absent, none.
    expect(frame.total.measuredFalsePositiveRate).toBeCloseTo(590 / 1280)
  })

  it('are unknown of an engine that has just come, and of counters or a store that began anew', () => {
    const rates = new Rates()
    rates.next(look(0, [figures('a', { checks: 500 })], { seq: 10 }))
    expect(rates.next(look(1, [figures('a', { checks: 3 }), figures('b')], { seq: 4 }))).toMatchObject({
      revocationsPerSecond: null,
      engines: [{ checksPerSecond: null }, { checksPerSecond: null }],
      total: { checksPerSecond: null, engines: 2 },
    })
    expect(rates.next(look(2, [figures('a', { checks: 4 }), figures('b')], { seq: 5 }))).toMatchObject({
      revocationsPerSecond: 1,
      total: { checksPerSecond: 1 },
    })
  })

  it('know an engine that is silent, until it is gone; while Redis is away nobody is', () => {
    const rates = new Rates()
    const [a, b] = [figures('a', { checks: 1 }), figures('b')]
    rates.next(look(0, [a, b]))
    expect(rates.next(look(9, [b]))).toMatchObject({
      engines: [
        { engine: 'a', silentMs: 9000, checksPerSecond: null },
        { engine: 'b', silentMs: 0 },
      ],
      total: { engines: 1 },
    })
    const away = { ...READY, state: 'unavailable', why: 'gone' } as const
    expect(rates.next(look(11, [], { redis: away })).engines).toHaveLength(2)
    expect(rates.next(look(12, [b])).engines).toMatchObject([{ engine: 'b' }])
    expect(rates.next(look(13, [figures('a', { checks: 5 })])).engines).toMatchObject([
      { engine: 'a', checksPerSecond: null },
      { engine: 'b', silentMs: 1000 },
    ])
  })

  it('count over a silence', () => {
    const rates = new Rates()
    rates.next(look(0, [figures('a')]))
    rates.next(look(1, []))
    expect(rates.next(look(4, [figures('a', { checks: 40 })])).total.checksPerSecond).toBe(10)
    expect(rates.next(look(5, [])).total).toMatchObject({
      checksPerSecond: null,
      lease: null,
      roundTripMs: null,
      engines: 0,
    })
  })
})

describe('the view', () => {
  const options = { width: 120, height: 30, store: './revocade.db', intervalMs: 1000 }

  function frames(engines: readonly WatchedFigures[], redis: Look['redis'] = READY) {
    const rates = new Rates()
    return [
      rates.next(
        look(
          0,
          engines.map(({ engine }) => figures(engine)),
          { redis },
        ),
      ),
      rates.next(look(1, engines, { seq: 7, redis })),
    ]
  }

  it('shows what there is to see', () => {
    expect(
      view(
        frames([
          figures('web-1:17:0a1b2c', { checks: 9990, store: 10, falsePositives: 0.001 }),
          figures('web-2:99:ffffff', { checks: 5, ageMs: null, queued: 3, breaker: 'half-open' }),
        ]),
        options,
      ),
    ).toEqual([
      'revocade       ./revocade.db, seq 7',
      'redis          redis://localhost:6379/0 ready, 0.4 ms, engines: 2',
      'checks/s          10,005   █',
      'revocations/s        7.0   █',
      '',
      ...TABLE.split('\n'),
      '',
      '00:00:01Z, every 1 s, q ends',
    ])
  })

  it('has a column for decisions by policy where there are any, and one row needs no sum', () => {
    const lines = view(frames([figures('a', { checks: 1, policy: 1 })]), options)
    expect(lines[5]).toMatch(/^engine +checks\/s +prefilter +cache +redis +store +policy +lease/)
    expect(lines[6]).toMatch(/^a +2\.0 +50\.00 % +0 % +0 % +0 % +50\.00 %/)
    expect(lines.join('\n')).not.toContain('total')
  })

  it('says that Redis is away, and why, with what was known before', () => {
    const rates = new Rates()
    const away = {
      server: READY.server,
      state: 'unavailable',
      why: 'connect ECONNREFUSED',
      roundTripMs: null,
    } as const
    const lines = view(
      [rates.next(look(0, [figures('a'), figures('b')])), rates.next(look(3, [], { redis: away }))],
      options,
    )
    expect(lines[1]).toBe('redis          redis://localhost:6379/0 unavailable: connect ECONNREFUSED')
    expect(lines[6]).toMatch(/^a +silent 3 s$/)
    expect(lines[8]).toMatch(/^total +– +–/)
  })

  it('says so where there is no engine, and where nobody named a Redis', () => {
    expect(view(frames([]), options)[5]).toBe('no engine answers')
    const own = view(frames([{ ...figures('this one'), redis: null }], null), options)
    expect(own[1]).toBe(
      'redis          none: this follows the store by itself. What services check shows with --redis',
    )
    expect(own[5]).not.toContain('breaker')
  })

  it('keeps from the terminal what others put into their names', () => {
    const lines = view(frames([figures('\u001b[2Jevil\n\u202e')]), options)
    expect(lines.join('\n')).not.toMatch(/[\u001b\u202e]/)
  })

  it('fits every terminal, and its columns stand still', () => {
    const told = fc.record({
      checks: fc.nat(1e9),
      store: fc.nat(1e6),
      policy: fc.nat(1),
      falsePositives: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      ageMs: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true })),
      queued: fc.nat(70_000),
      roundTripMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
    })
    const seen = fc.record({
      engines: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 60 }), { maxLength: 40 }),
      values: fc.array(told, { minLength: 40, maxLength: 40 }),
      answering: fc.nat(40),
      width: fc.integer({ min: 30, max: 200 }),
      height: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(seen, ({ engines, values, answering, width, height }) => {
        const rates = new Rates()
        const all = engines.map((name, i) => figures(name, values[i]))
        const lines = view([rates.next(look(0, all)), rates.next(look(9, all.slice(0, answering)))], {
          ...options,
          width,
          height,
        })
        expect(lines.length).toBeLessThanOrEqual(height)
        expect(Math.max(0, ...lines.map(displayWidth))).toBeLessThanOrEqual(width)
      }),
    )
    const head = (ageMs: number) =>
      view(frames([figures('a', { checks: 50, ageMs, roundTripMs: ageMs })]), options)[5]
    expect(head(9)).toBe(head(999))
  })

  it('shows as many engines as there is room for, and says how many more there are', () => {
    const lines = view(
      frames(Array.from({ length: 30 }, (_, i) => figures(`e${String(i).padStart(2, '0')}`))),
      { ...options, height: 15 },
    )
    expect(lines.slice(5)).toEqual([
      expect.stringMatching(/^engine/),
      expect.stringMatching(/^e00/),
      expect.stringMatching(/^e01/),
      expect.stringMatching(/^e02/),
      expect.stringMatching(/^e03/),
      expect.stringMatching(/^e04/),
      'and 25 more',
      expect.stringMatching(/^total/),
      '',
      expect.stringContaining('q ends'),
    ])
  })
})

describe('a sparkline', () => {
  it('has the last values, the largest as the highest bar, and gaps', () => {
    expect(sparkline([100, 0, 1, null, 4, 8], 5)).toBe('▁▂ ▅█')
    expect(sparkline([0, 0], 10)).toBe('▁▁')
    expect(sparkline([1, 2], 0)).toBe('')
    expect(sparkline([], 10)).toBe('')
  })
})
