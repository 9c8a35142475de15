import { Readable } from 'node:stream'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, reportOf } from '#dist/cli/errors.js'
import { readCsv } from '#dist/cli/formats/csv.js'
import { toInput } from '#dist/cli/formats/entry.js'
import { parseDuration, parseTime } from '#dist/cli/input/time.js'
import { parseClaims } from '#dist/cli/options.js'
import { coloured } from '#dist/cli/output/print.js'
import { toCells } from '#dist/export/csv-cells.js'
import { type Line, readLines } from '#dist/read-lines.js'

async function linesOf(chunks: readonly Uint8Array[]): Promise<Line[]> {
  const lines: Line[] = []
  for await (const batch of readLines(Readable.from(chunks))) lines.push(...batch)
  return lines
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
}

describe('lines', () => {
  it('are the same however the bytes are cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !/[\n\r\uFEFF]/.test(text))),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('\n', '\r\n'),
        async (texts, size, end) => {
          const bytes = Buffer.from(texts.map((text) => text + end).join(''))
          expect(await linesOf(cut(bytes, size))).toEqual(texts.map((text, i) => ({ number: i + 1, text })))
        },
      ),
    )
  })

  it('that are too long or no UTF-8 are problems of their own, and reading goes on', async () => {
    const long = Buffer.alloc(70_000, 'x')
    const bytes = Buffer.concat([
      Buffer.from('\uFEFFa\n'),
      long,
      Buffer.from('\nb\n'),
      Buffer.from([0xff, 10]),
      Buffer.from('c'),
    ])
    for (const size of [1000, 65_536, 200_000]) {
      const lines = await linesOf(cut(bytes, size))
      expect(lines.map((line) => ('text' in line ? line.text : 'problem'))).toEqual([
        'a',
        'problem',
        'b',
        'problem',
        'c',
      ])
      expect(lines.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
    }
    expect(await linesOf([long, long])).toMatchObject([
      { number: 1, problem: expect.stringContaining('longer') as string },
    ])
    expect(await linesOf([])).toEqual([])
  })
})

describe('CSV', () => {
  it('gives back every cell that export can write', async () => {
    const cell = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((text) => text !== '' && text.isWellFormed())
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ jti: cell, iss: cell, reason: cell }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, size) => {
          const time = '2099-01-01T00:00:00.000Z'
          const header = stringify([
            [
              'jti',
              'iss',
              'id_claim',
              'id',
              'id_type',
              'sha256',
              'token',
              'where',
              'issued_before',
              'same_second',
              'not_before',
              'expires_at',
              'reason',
              'actor',
              'revoked_at',
            ],
          ])
          const text =
            header + stringify(rows.map((row) => toCells({ ...row, expiresAt: time, revokedAt: time })))
          const inputs: unknown[] = []
          for await (const batch of readCsv(Readable.from(cut(Buffer.from(text), size)))) {
            for (const entry of batch) inputs.push('input' in entry ? entry.input : entry.error.message)
          }
          expect(inputs).toEqual(
            rows.map((row) => ({ ...row, expiresAt: new Date(time), revokedAt: new Date(time) })),
          )
        },
      ),
    )
  })
})

describe('CSV with a quote that is never closed', () => {
  it('costs that line only, however much follows', async () => {
    const rows = Array.from(
      { length: 5000 },
      (_, i) => `token-${i},2099-01-01,${i === 10 ? '"open' : 'reason'}`,
    )
    const bad: number[] = []
    let good = 0
    for await (const batch of readCsv(
      Readable.from(cut(Buffer.from(['jti,expires_at,reason', ...rows].join('\n')), 10_000)),
    )) {
      for (const entry of batch) {
        if ('error' in entry) bad.push(entry.line)
        else good++
      }
    }
    expect({ good, bad }).toEqual({ good: 4999, bad: [12] })
  })
})

describe('entries', () => {
  it('refuse a line that names no target, several, or something unknown', () => {
    const expiresAt = '2099-01-01'
    for (const fields of [
      {},
      { expiresAt },
      { jti: 'a', where: { sub: 'b' }, expiresAt },
      { jit: 'a', expiresAt },
      { id: 'a', expiresAt },
      { sha256: 'a', iss: 'i', expiresAt },
      { jti: {}, expiresAt },
      { jti: 'a', issuedBefore: 1, expiresAt },
    ]) {
      expect(() => toInput(fields)).toThrow(expect.objectContaining({ code: 'ERR_BAD_LINE' }) as Error)
    }
  })

  it('keep a selector on __proto__ a selector', () => {
    const { input } = toInput(
      JSON.parse('{"where":{"__proto__":"x"},"expiresAt":1}') as Record<string, unknown>,
    )
    expect(JSON.stringify(input)).toBe('{"where":{"__proto__":"x"},"expiresAt":1}')
  })
})

describe('times and lists', () => {
  it('are ISO 8601 with a zone, or seconds', () => {
    expect(parseTime('2026-12-31', 't')).toEqual(new Date('2026-12-31T00:00:00Z'))
    expect(parseTime('2026-12-31T18:00:00+02:00', 't')).toEqual(new Date('2026-12-31T16:00:00Z'))
    expect(parseTime('1800000000.5', 't')).toBe(1_800_000_000.5)
    for (const text of [
      '',
      'soon',
      '2026-13-01',
      '2026-02-30',
      '2026-02-30T00:00:00Z',
      '2026-12-31T18:00:00',
      '31.12.2026',
      '-5',
      '1e9',
    ]) {
      expect(() => parseTime(text, 't')).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_TIME' }) as Error,
      )
    }
  })

  it('of durations add up', () => {
    expect(parseDuration('1h30m', 'd')).toBe(5400)
    expect(parseDuration('2w', 'd')).toBe(1_209_600)
    for (const text of ['', '5', 'h', '1h 30m', '-1h', '1y'])
      expect(() => parseDuration(text, 'd')).toThrow(/not a duration/)
  })

  it('of claims join with +', () => {
    expect(parseClaims('sid, sub,client_id+sub')).toEqual(['sid', 'sub', ['client_id', 'sub']])
    expect(parseClaims('sub@auth_time,a+b@/login/at,@type')).toEqual([
      { claims: ['sub'], issuedAt: 'auth_time' },
      { claims: ['a', 'b'], issuedAt: '/login/at' },
      '@type',
    ])
    for (const text of ['', 'a,', 'a+', '+', 'a@', '+@b']) expect(() => parseClaims(text)).toThrow()
  })
})

describe('output', () => {
  it('is coloured at a terminal only, and not where NO_COLOR says so', () => {
    const { NO_COLOR, TERM } = process.env
    try {
      delete process.env.NO_COLOR
      process.env.TERM = 'xterm'
      const terminal = { isTTY: true }
      expect(coloured(terminal)).toBe(true)
      expect(coloured({ isTTY: false })).toBe(false)
      process.env.NO_COLOR = '1'
      expect(coloured(terminal)).toBe(false)
      process.env.NO_COLOR = ''
      expect(coloured(terminal)).toBe(true)
      process.env.TERM = 'dumb'
      expect(coloured(terminal)).toBe(false)
    } finally {
      restore('NO_COLOR', NO_COLOR)
      restore('TERM', TERM)
    }
  })

  it('shows no control characters and no tokens', () => {
    expect(printable('a\u001b[2Jb\u202ec\n')).toBe('a [2Jb c ')
    expect(reportOf(new Error('bad eyJhbGciOi.eyJqdGki.c2ln here'))).toMatchObject({
      code: 'ERR_INTERNAL',
      message: expect.stringContaining('bad <token> here') as string,
    })
  })
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name)
  else process.env[name] = value
}
