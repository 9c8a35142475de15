import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readOptions } from '#dist/options.js'
import { createPrefilter } from '#dist/prefilter/create.js'
import { readRedisOptions } from '#dist/redis/options.js'
import { code, readPage, ROOT, section, tableRows } from '../support/markdown.js'

/** The names of an interface's members, from the source. */
function membersOf(path: string, name: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(join(ROOT, path), 'utf8'), ts.ScriptTarget.Latest)
  const declaration = file.statements.find(
    (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  )
  if (declaration === undefined || !ts.isInterfaceDeclaration(declaration))
    throw new Error(`no interface ${name} in ${path}`)
  return declaration.members.map((member) =>
    member.name !== undefined && ts.isIdentifier(member.name) ? member.name.text : '',
  )
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
  const match = /^([\d.,e-]+) … ([\d.,e-]+)$/.exec(cell)
  return match === null
    ? undefined
    : [Number(match[1].replaceAll(',', '')), Number(match[2].replaceAll(',', ''))]
}

describe('the table of options', () => {
  const rows = tableRows(section('README.md', 'options'))
  const table = new Map(rows.map(([name, fallback, accepts]) => [code(name), { fallback, accepts }]))

  it('lists exactly the options there are, in their order', () => {
    expect([...table.keys()]).toEqual(membersOf('src/options.ts', 'RevocadeOptions'))
    for (const row of rows) expect(row).toHaveLength(4)
  })

  it('has the defaults that are used', () => {
    const settings: Record<string, unknown> = { ...readOptions({}) }
    for (const [name, { fallback }] of table) {
      if (name === 'logger' || name === 'clock') continue
      if (name === 'claims')
        expect(settings.selectors).toEqual((valueOf(fallback) as string[]).map((claim) => [claim]))
      else expect(settings[name], name).toEqual(valueOf(fallback))
    }
    expect(Object.keys(settings.logger ?? {})).toEqual(['debug', 'info', 'warn', 'error'])
    expect(settings.clock).toMatchObject({ now: Date.now })
  })

  const numeric = [...table].flatMap(([name, { accepts }]) => {
    const range = bounds(accepts)
    return range === undefined ? [] : [[name, ...range] as const]
  })

  it('has numeric options', () => {
    expect(numeric.map(([name]) => name)).toEqual([
      'maxStalenessMs',
      'maxTokenLifetimeSeconds',
      'clockToleranceSeconds',
      'maxTokenBytes',
      'cacheEntries',
    ])
  })

  it.each(numeric)('%s is taken from %d to %d and not beyond', (name, least, most) => {
    const read = (value: number) => readOptions({ [name]: value })
    expect(read(least)).toMatchObject({ [name]: least })
    expect(read(most)).toMatchObject({ [name]: most })
    expect(() => read(least - 1)).toThrow(name)
    expect(() => read(most + 1)).toThrow(name)
  })

  it('has the words that are taken, and the length of a namespace', () => {
    const words = [...(table.get('onUnknown')?.accepts ?? '').matchAll(/'(\w+)'/g)].map(([, word]) => word)
    expect(() => readOptions({ onUnknown: 'never' as 'throw' })).toThrow(
      words.map((word) => `'${word}'`).join(', '),
    )
    expect(table.get('namespace')?.accepts).toBe('1 … 255 characters')
    expect(readOptions({ namespace: 'n'.repeat(255) }).namespace).toHaveLength(255)
    expect(() => readOptions({ namespace: 'n'.repeat(256) })).toThrow('255')
  })
})

describe('the table of prefilter options', () => {
  const rows = tableRows(section('README.md', 'prefilter'))
  const table = new Map(rows.map(([name, fallback, accepts]) => [code(name), { fallback, accepts }]))

  it('lists exactly the options there are', () => {
    expect([...table.keys()]).toEqual(membersOf('src/options.ts', 'PrefilterChoice'))
  })

  it('names exactly the kinds there are', () => {
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
  ] as const)('%s has its bounds', async (name, kind, below, above) => {
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

  it('has the defaults that are used', async () => {
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

describe('the table of redis options', () => {
  const rows = tableRows(section('README.md', 'redis'))
  const table = new Map(rows.map(([name, fallback, accepts]) => [code(name), { fallback, accepts }]))

  it('lists exactly the options there are, in their order', () => {
    expect([...table.keys()]).toEqual(membersOf('src/redis/options.ts', 'RedisLayerOptions'))
    for (const row of rows) expect(row).toHaveLength(4)
  })

  it('has the defaults that are used', () => {
    const { target, ...settings } = readRedisOptions({ port: 6379 })
    const used: Record<string, unknown> = { ...target, ...settings }
    for (const [name, { fallback }] of table) expect(used[name], name).toEqual(valueOf(fallback))
  })

  it.each([
    ['timeoutMs', 1, 10_000],
    ['port', 1, 65_535],
    ['db', 0, 99_999],
  ])('%s is taken from %d to %d and not beyond', (name, least, most) => {
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

  it('has forms of URLs that are read, and the length of a prefix', () => {
    const forms = [...(table.get('url')?.accepts ?? '').matchAll(/`([^`]+)`/g)].map(([, form]) => form)
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

describe('commands', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }

  it('the test command is the one that runs before a change is taken in', () => {
    const [, command] = /<!-- test-command -->\n```sh\n(.*)\n```/.exec(readPage('README.md')) ?? []
    expect(command).toBe('npm ci && npm test')
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toContain("sed -n '/<!-- test-command -->/")
  })

  it('every npm script that the README names is there', () => {
    const named = [...readPage('README.md').matchAll(/npm (?:run (\w+)|(start|test))\b/g)].map(
      ([, script = '', short]) => script || short,
    )
    expect(named.length).toBeGreaterThan(4)
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([])
  })

  it('has room for the numbers', () => {
    expect(section('README.md', 'numbers').trim()).not.toBe('')
  })
})
