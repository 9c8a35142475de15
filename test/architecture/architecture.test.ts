import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readZones } from './allowed-imports.js'
import { misshapenFiles, undocumentedExports } from './files.js'
import { cycles, importsOf, outsideReach, readSources, strayImports } from './imports.js'

const ROOT = new URL('../../', import.meta.url)
const sources = readSources(fileURLToPath(new URL('src/', ROOT)))
const zones = readZones(readFileSync(new URL('docs/architecture.md', ROOT), 'utf8'))

/** Declared for the versions that the adapters are made for. An adapter knows its framework by shape only. */
const FRAMEWORKS = ['@hapi/hapi', '@nestjs/common', 'express', 'hono', 'koa', 'passport-jwt']

/** The sources with a line put before those of one file, which need not exist. */
const withLine = (path: string, line: string) =>
  new Map([...sources, [path, `${line}\n${sources.get(path) ?? ''}`]])

describe('imports', () => {
  it('are in the table of docs/architecture.md', () => {
    expect(zones.length).toBeGreaterThan(12)
    expect(strayImports(sources, zones)).toEqual([])
  })

  it('form no cycle, types included', () => {
    expect(cycles(sources)).toEqual([])
  })

  it('of packages are those that package.json declares', () => {
    const text = readFileSync(new URL('package.json', ROOT), 'utf8')
    const manifest = JSON.parse(text) as Record<string, Record<string, string>>
    const all = [...sources].flatMap(([path, text]) => importsOf(path, text))
    const imported = new Set(all.filter((name) => !/\.ts$|^node:/.test(name)))
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    expect([...imported, ...FRAMEWORKS].sort()).toEqual(declared.sort())
  })

  it.each([
    ['prefilter/bloom.ts', "import '../engine/engine.js'", 'prefilter/bloom.ts -> engine/engine.ts'],
    ['token/jwt.ts', "import { readFileSync } from 'node:fs'", 'token/jwt.ts -> node:fs'],
    [
      'store/sqlite/options.ts',
      "import type { LivePrefilter } from '../../engine/live-prefilter.js'",
      'store/sqlite/options.ts -> engine/live-prefilter.ts',
    ],
    [
      'store/sqlite/options.ts',
      "export * from '../../prefilter/create.js'",
      'store/sqlite/options.ts -> prefilter/create.ts',
    ],
    [
      'engine/lookup.ts',
      "const store = import('../store/sqlite/index.js')",
      'engine/lookup.ts -> store/sqlite/index.ts',
    ],
    ['engine/lookup.ts', "import Database from 'better-sqlite3'", 'engine/lookup.ts -> better-sqlite3'],
    ['engine/lookup.ts', "import { main } from '../cli/main.js'", 'engine/lookup.ts -> cli/main.ts'],
    ['index.ts', "export * from './testing/index.js'", 'index.ts -> testing/index.ts'],
    ['cli/main.ts', "import * as jose from 'jose'", 'cli/main.ts -> jose'],
    ['new-part/thing.ts', '', 'new-part/thing.ts belongs nowhere'],
  ])('that are planted are found: %s with %s', (path, line, found) => {
    expect(strayImports(withLine(path, line), zones)).toContain(found)
  })

  it.each([
    ['ports/index.ts', "import type { Lookup } from '../engine/lookup.js'"],
    ['token/encoding.ts', "import { TokenDigester } from './identify.js'"],
    ['token/encoding.ts', "import type { TokenDigester } from './identify.js'"],
  ])('that close a cycle are found: %s with %s', (path, line) => {
    expect(cycles(withLine(path, line))).not.toEqual([])
  })
})

describe('token/, prefilter/ and tuning/', () => {
  it('use no timer, clock, process, network or file', () => {
    const pure = [...sources].filter(([path]) => /^(?:token|prefilter|tuning)\//.test(path))
    expect(pure.length).toBeGreaterThan(10)
    expect(pure.flatMap(([path, text]) => outsideReach(path, text))).toEqual([])
  })

  it('are seen to reach outside where they do', () => {
    expect(outsideReach('a.ts', 'setTimeout(f, 1); a.process; const now = Date.now()')).toEqual([
      'a.ts: setTimeout',
      'a.ts: Date.now',
    ])
  })
})

describe('a source file', () => {
  it('has at most 250 lines of at most 110 columns, and a name that says what it holds', () => {
    expect(misshapenFiles(sources)).toEqual([])
  })

  it('documents what it exports', () => {
    expect(undocumentedExports(sources)).toEqual([])
  })

  it.each([
    ['a.ts', '\n'.repeat(250) + 'x', 'a.ts has 251 lines'],
    ['a.ts', `x\n${'x'.repeat(111)}`, 'a.ts:2 is too wide'],
    ['engine/utils/a.ts', '', 'engine/utils/a.ts is named for nothing'],
    ['engine/helpers.ts', '', 'engine/helpers.ts is named for nothing'],
  ])('is found where its shape is wrong: %s', (path, text, found) => {
    expect(misshapenFiles(new Map([[path, text]]))).toEqual([found])
  })

  it.each([
    ['export const a = 1, b = 2', ['a.ts: a, b']],
    ['export class A {}', ['a.ts: A']],
    ['// Not a docstring.\nexport interface A {}', ['a.ts: A']],
    ['/** An A. */\nexport type A = string\nexport function f() {}', ['a.ts: f']],
    [
      '/** An f. */\nexport function f(a: 1): 1\nexport function f(a: 2): 2\nexport function f(a: any) {}',
      [],
    ],
    ["export { a } from './b.js'\nconst c = 1", []],
  ])('is found where an export has no docstring: %j', (text, found) => {
    expect(undocumentedExports(new Map([['a.ts', text]]))).toEqual(found)
  })
})
