import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#dist/engine/system-clock.js'
import { readOptions } from '#dist/options.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { readRedisOptions } from '#dist/redis/options.js'
import { code, ROOT, section, tableRows } from '../support/markdown.js'

const PAGE = 'docs/options.md'

const published = ts.createProgram([join(ROOT, 'dist/index.d.ts')], {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  skipLibCheck: true,
})

/** The names of an exported interface's members, in their order, from the types that are published. */
function membersOf(name: string): string[] {
  const checker = published.getTypeChecker()
  const entry = published.getSourceFile(join(ROOT, 'dist/index.d.ts'))
  const module = entry && checker.getSymbolAtLocation(entry)
  const found = module && checker.getExportsOfModule(module).find((symbol) => symbol.name === name)
  if (found === undefined) throw new Error(`the package exports no ${name}`)
  const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
  return checker
    .getDeclaredTypeOfSymbol(symbol)
    .getProperties()
    .map((member) => member.name)
}

/** A default as it is written in the table: a JavaScript expression. */
const valueOf = (cell: string): unknown =>
  JSON.parse(
    code(cell)
      .replace(/'/g, '"')
      .replace(/(\d)_(?=\d)/g, '$1')
      .replace(/([{,] *)(\w+):/g, '$1"$2":')
      .replace(/^undefined$/, 'null'),
  ) ?? undefined

/** `0 … 3,600,000` as two numbers. */
function bounds(cell: string): [number, number] | undefined {
  const numbers = /^([\d.,e-]+) … ([\d.,e-]+)$/.exec(cell)
  if (numbers === null) return undefined
  const [, least = '', most = ''] = numbers
  return [Number(least.replaceAll(',', '')), Number(most.replaceAll(',', ''))]
}

describe('options.md, the table of options', () => {
  const rows = tableRows(section(PAGE, 'options'))
  const table = new Map(
    rows.map(([name = '', fallback = '', accepts = '']) => [code(name), { fallback, accepts }]),
  )

  it('the table lists exactly the options there are, in their order', () => {
    expect([...table.keys()]).toEqual(membersOf('RevocadeOptions'))
    for (const row of rows) expect(row).toHaveLength(4)
  })

  it('the defaults in the table are those that are used', () => {
    const settings: Record<string, unknown> = { ...readOptions({}) }
    for (const [name, { fallback }] of table) {
      if (name === 'logger' || name === 'clock') continue
      if (name === 'claims')
        expect(settings.selectors).toEqual((valueOf(fallback) as string[]).map((claim) => [claim]))
      else expect(settings[name], name).toEqual(valueOf(fallback))
    }
    expect(Object.keys(settings.logger ?? {})).toEqual(['debug', 'info', 'warn', 'error'])
    expect(settings.clock).toBe(systemClock)
  })

  const numeric = [...table].flatMap(([name, { accepts }]) => {
    const range = bounds(accepts)
    return range === undefined ? [] : [[name, ...range] as const]
  })

  it('the options with bounds are these', () => {
    expect(numeric.map(([name]) => name)).toEqual([
      'maxStalenessMs',
      'maxTokenLifetimeSeconds',
      'issuerClockAheadSeconds',
      'clockToleranceSeconds',
      'maxTokenBytes',
      'cacheEntries',
    ])
  })

  it.each(numeric)('%s is accepted from %d to %d and not beyond', (name, least, most) => {
    const read = (value: number) => readOptions({ [name]: value })
    expect(read(least)).toMatchObject({ [name]: least })
    expect(read(most)).toMatchObject({ [name]: most })
    expect(() => read(least - 1)).toThrow(name)
    expect(() => read(most + 1)).toThrow(name)
  })

  it('the words of onUnknown and the length of a namespace are those accepted', () => {
    const words = [...(table.get('onUnknown')?.accepts ?? '').matchAll(/'(\w+)'/g)].map(([, word]) => word)
    expect(() => readOptions({ onUnknown: 'never' as 'throw' })).toThrow(
      words.map((word) => `'${word}'`).join(', '),
    )
    expect(table.get('namespace')?.accepts).toBe('1 … 255 characters')
    expect(readOptions({ namespace: 'n'.repeat(255) }).namespace).toHaveLength(255)
    expect(() => readOptions({ namespace: 'n'.repeat(256) })).toThrow('255')
  })
})

describe('options.md, the table of prefilter options', () => {
  const rows = tableRows(section(PAGE, 'prefilter'))
  const table = new Map(
    rows.map(([name = '', fallback = '', accepts = '']) => [code(name), { fallback, accepts }]),
  )

  it('the table lists exactly the options there are', () => {
    expect([...table.keys()]).toEqual(membersOf('PrefilterChoice'))
  })

  it('the kinds in the table are exactly those accepted', () => {
    const kinds = [...(table.get('kind')?.accepts ?? '').matchAll(/'([\w-]+)'/g)].map(([, kind]) => kind)
    expect(() => readOptions({ prefilter: { kind: 'cuckoo' as 'bloom' } })).toThrow(
      kinds.map((kind) => `'${kind}'`).join(', '),
    )
    expect(readOptions({}).prefilter.kind).toBe(valueOf(table.get('kind')?.fallback ?? ''))
  })

  it.each([
    ['falsePositiveRate', 'bloom', 1e-10, 0.6],
    ['expectedRevocations', 'trie', 0, 1_000_000_001],
    ['prefixBits', 'trie', 7, 41],
  ] as const)('%s is accepted within its bounds and not beyond', async (name, kind, below, above) => {
    const make = (value: number) =>
      createPrefilter({
        kind,
        ...(name === 'falsePositiveRate' ? { expectedRevocations: 1000 } : {}),
        [name]: value,
      })
    const range = bounds(table.get(name)?.accepts ?? '')
    for (const value of range ?? []) expect((await make(value)).kind).toBe(kind)
    for (const value of [below, above]) await expect(make(value)).rejects.toThrow(name)
    expect(range?.[0]).toBeGreaterThan(below)
    expect(range?.[1]).toBeLessThan(above)
  })

  it('the defaults in the table are those that are used', async () => {
    const rate = Number(valueOf(table.get('falsePositiveRate')?.fallback ?? ''))
    const expected = Number(valueOf(table.get('expectedRevocations')?.fallback ?? ''))
    const byDefault = await createPrefilter({ kind: 'bloom' })
    const asTold = await createPrefilter({
      kind: 'bloom',
      falsePositiveRate: rate,
      expectedRevocations: expected,
    })
    expect({ bytes: byDefault.bytes, capacity: byDefault.capacity }).toEqual({
      bytes: asTold.bytes,
      capacity: asTold.capacity,
    })
    expect(byDefault.capacity).toBe(expected)
    expect(await createPrefilter({ kind: 'trie' })).toMatchObject({
      prefixBits: valueOf(table.get('prefixBits')?.fallback ?? ''),
    })
    // "22 bits a live revocation"
    expect(Math.round((byDefault.bytes * 8) / expected)).toBe(22)
  })
})

describe('options.md, the table of redis options', () => {
  const rows = tableRows(section(PAGE, 'redis'))
  const table = new Map(
    rows.map(([name = '', fallback = '', accepts = '']) => [code(name), { fallback, accepts }]),
  )

  it('the table lists exactly the options there are, in their order', () => {
    expect([...table.keys()]).toEqual(membersOf('RedisLayerOptions'))
    for (const row of rows) expect(row).toHaveLength(4)
  })

  it('the defaults in the table are those that are used', () => {
    const { target, ...settings } = readRedisOptions({ port: 6379 })
    const used: Record<string, unknown> = { ...target, ...settings }
    for (const [name, { fallback }] of table) expect(used[name], name).toEqual(valueOf(fallback))
  })

  it.each([
    ['timeoutMs', 1, 10_000],
    ['port', 1, 65_535],
    ['db', 0, 99_999],
  ])('%s is accepted from %d to %d and not beyond', (name, least, most) => {
    expect(bounds(table.get(name)?.accepts ?? '')).toEqual([least, most])
    const read = (value: number) => readRedisOptions({ host: 'h', [name]: value })
    expect(read(least)).toMatchObject(
      name === 'timeoutMs' ? { timeoutMs: least } : { target: { [name]: least } },
    )
    expect(read(most)).toMatchObject(
      name === 'timeoutMs' ? { timeoutMs: most } : { target: { [name]: most } },
    )
    expect(() => read(least - 1)).toThrow(name)
    expect(() => read(most + 1)).toThrow(name)
  })

  it('the forms of a URL and the length of a key prefix are those accepted', () => {
    const forms = [...(table.get('url')?.accepts ?? '').matchAll(/`([^`]+)`/g)].map(([, form = '']) => form)
    const kinds = forms
      .map((form) =>
        form
          .replace('user:password', 'u:p')
          .replace(/\[([^\]]+)\]/g, '$1')
          .replace(':port', ':1')
          .replace('/db', '/2')
          .replace('…', 'h'),
      )
      .map((url) => readRedisOptions(url).target.kind)
    expect(kinds).toEqual(['single', 'single', 'sentinel', 'cluster', 'socket', 'socket'])
    expect(table.get('keyPrefix')?.accepts).toMatch(/^1 … 64 characters/)
    expect(readRedisOptions({ host: 'h', keyPrefix: 'p'.repeat(64) }).keyPrefix).toHaveLength(64)
    expect(() => readRedisOptions({ host: 'h', keyPrefix: 'p'.repeat(65) })).toThrow('64')
  })
})
