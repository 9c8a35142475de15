import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  cycles,
  importsOf,
  outsideReach,
  readSources,
  strayImports,
  strayPackages,
  type Zone,
} from './imports.js'

const ROOT = new URL('../../', import.meta.url)
const sources = readSources(fileURLToPath(new URL('src/', ROOT)))

const MOST_LINES = 250

/** Files at the root of src that every part may name: the interfaces of the layers, the error class, and how arguments are checked. */
const BASE = String.raw`(?:ports|buckets|errors|arguments)\.ts$`
const NODE = '^node:'

/**
 * Who may import whom. Arrows point from what is closer to the user to what is closer to the machine:
 * cli -> engine -> lookup, revoke, sync -> token, prefilter, ports; a store and the Redis layer know their ports, and nothing of
 * the engine or of each other.
 */
const ZONES: readonly Zone[] = [
  { of: /^cli\//, mayImport: /./ },
  {
    of: /^testing\//,
    mayImport: new RegExp(
      `^testing/|^${BASE}|^prefilter/(?:snapshot|create)\\.ts$|^node:assert|^node:crypto$`,
    ),
  },
  { of: /^token\//, mayImport: new RegExp(`^token/|^${BASE}|^node:crypto$`) },
  { of: /^prefilter\//, mayImport: new RegExp(`^prefilter/|^${BASE}|^node:crypto$|^bloom-filters$`) },
  { of: /^tuning\//, mayImport: new RegExp(`^tuning/|^${BASE}|^prefilter/sizing\\.ts$`) },
  { of: /^store\/sqlite\//, mayImport: new RegExp(`^store/sqlite/|^${BASE}|${NODE}|^better-sqlite3$`) },
  {
    of: /^redis\//,
    mayImport: new RegExp(
      `^redis/|^${BASE}|^(?:arguments|known-versions|prefix-cache)\\.ts$|${NODE}|^ioredis$`,
    ),
  },
  // What everyone may import imports nothing, or nothing but its like.
  { of: /^arguments\.ts$/, mayImport: /^errors\.ts$/ },
  { of: /^(?:buckets|errors|clock|expiry-histogram|poll-timer)\.ts$/, mayImport: /^$/ },
  { of: /^clock-watch\.ts$/, mayImport: /^clock\.ts$/ },
  { of: /^ports\.ts$/, mayImport: /^buckets\.ts$/ },
  { of: /^(?:known-versions|prefix-cache)\.ts$/, mayImport: /^(?:buckets|ports)\.ts$/ },
  { of: /^(?:verdict|api|lease)\.ts$/, mayImport: /^(?:ports|prefix-cache|errors|clock|verdict)\.ts$/ },
  { of: /^verdict-cache\.ts$/, mayImport: /^ports\.ts$|^lru-cache$/ },
  {
    of: /^options\.ts$/,
    mayImport: /^(?:api|arguments|clock|errors|ports)\.ts$|^redis\/(?:client|options)\.ts$/,
  },
  // The three main flows. None knows another's inside, and the store is whoever implements the port.
  {
    of: /^(?:mutation|l0|snapshot-file)\.ts$/,
    mayImport:
      /^(?:api|arguments|errors|expiry-histogram|l0|options|ports)\.ts$|^token\/|^prefilter\/|^node:/,
  },
  {
    of: /^sync\.ts$/,
    mayImport:
      /^(?:clock|clock-watch|errors|known-versions|l0|lease|poll-timer|ports|verdict-cache)\.ts$|^token\//,
  },
  { of: /^closer-look\.ts$/, mayImport: /^(?:ports|prefix-cache|verdict-cache)\.ts$/ },
  {
    of: /^lookup\.ts$/,
    mayImport:
      /^(?:api|arguments|clock|closer-look|errors|l0|lease|options|ports|sync|verdict)\.ts$|^token\//,
  },
  {
    of: /^revoke\.ts$/,
    mayImport: /^(?:api|arguments|clock|errors|l0|mutation|options|ports|prefix-cache|sync)\.ts$|^token\//,
  },
  {
    of: /^engine\.ts$/,
    mayImport:
      /^(?!index|default-engine|cli|testing)[\w-]+\.ts$|^store\/sqlite\/index\.ts$|^redis\/index\.ts$|^prefilter\/create\.ts$|^token\//,
  },
  { of: /^default-engine\.ts$/, mayImport: /^(?:api|engine|errors|options)\.ts$/ },
  {
    of: /^index\.ts$/,
    mayImport: /^(?!cli|testing)[\w-]+\.ts$|^store\/sqlite\/index\.ts$|^redis\/(?:client|options)\.ts$/,
  },
]

/** The only files that name each package. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  'better-sqlite3': /^store\/sqlite\//,
  ioredis: /^redis\//,
  'bloom-filters': /^prefilter\/bloom-filters\.ts$/,
  'lru-cache': /^verdict-cache\.ts$/,
  commander: /^cli\//,
  'cli-table3': /^cli\//,
  'cli-progress': /^cli\//,
  'csv-parse': /^cli\//,
  'csv-stringify': /^cli\//,
  jose: /^cli\/demo\//,
  jsonwebtoken: /^cli\/demo\//,
}

describe('imports point one way', () => {
  it('every import stays within what its part of the house may know', () => {
    expect(strayImports(sources, ZONES)).toEqual([])
  })

  it('has no cycle', () => {
    expect(cycles(sources)).toEqual([])
  })

  it('nothing but the command line itself imports the command line, and nothing the test suites', () => {
    for (const [path, text] of sources) {
      for (const imported of importsOf(path, text)) {
        if (!path.startsWith('cli/')) expect(imported, path).not.toMatch(/^cli\//)
        if (!path.startsWith('testing/')) expect(imported, path).not.toMatch(/^testing\//)
      }
    }
  })

  it('each outside package has one home', () => {
    expect(strayPackages(sources, PACKAGES)).toEqual([])
  })

  it('each dependency of the package is imported, and each import is declared', () => {
    const manifest = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as Record<
      string,
      Record<string, string>
    >
    const imported = new Set(
      [...sources]
        .flatMap(([path, text]) => importsOf(path, text))
        .filter((name) => !/\.ts$|^node:/.test(name)),
    )
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    expect([...imported].sort()).toEqual(declared.sort())
  })
})

describe('token/, prefilter/ and tuning/ are pure', () => {
  it('no timers, clock, process, network or files', () => {
    const pure = [...sources].filter(([path]) => /^(?:token|prefilter|tuning)\//.test(path))
    expect(pure.length).toBeGreaterThan(10)
    expect(pure.flatMap(([path, text]) => outsideReach(path, text))).toEqual([])
  })
})

describe('one file, one idea', () => {
  it(`no source file has more than ${MOST_LINES} lines`, () => {
    const long = [...sources].map(([path, text]) => ({ path, lines: text.trimEnd().split('\n').length }))
    expect(long.filter(({ lines }) => lines > MOST_LINES)).toEqual([])
  })
})

describe('these checks see what they look for', () => {
  const withImport = (path: string, statement: string) =>
    new Map([...sources, [path, `${statement}\n${sources.get(path) ?? ''}`]])

  it.each([
    [
      'prefilter/bloom.ts',
      "import { createRevocade } from '../engine.js'",
      'prefilter/bloom.ts -> engine.ts',
    ],
    ['token/jwt.ts', "import { readFileSync } from 'node:fs'", 'token/jwt.ts -> node:fs'],
    [
      'store/sqlite/reader.ts',
      "import type { L0 } from '../../live-prefilter.js'",
      'store/sqlite/reader.ts -> l0.ts',
    ],
    [
      'store/sqlite/reader.ts',
      "export * from '../../prefilter/create.js'",
      'store/sqlite/reader.ts -> prefilter/create.ts',
    ],
    [
      'lookup.ts',
      "import { SqliteStore } from './store/sqlite/index.js'",
      'lookup.ts -> store/sqlite/index.ts',
    ],
    ['sync.ts', "const lookup = import('./lookup.js')", 'sync.ts -> lookup.ts'],
    ['new-part/thing.ts', '', 'new-part/thing.ts belongs nowhere'],
  ])('%s with %s', (path, statement, found) => {
    expect(strayImports(withImport(path, statement), ZONES)).toContain(found)
  })

  it('a cycle, a package out of place, a timer', () => {
    expect(cycles(withImport('ports.ts', "import type { Lookup } from './lookup.js'"))).not.toEqual([])
    expect(cycles(withImport('token/encoding.ts', "import { Digester } from './digester.js'"))).not.toEqual(
      [],
    )
    expect(cycles(withImport('token/encoding.ts', "import type { Digester } from './digester.js'"))).toEqual(
      [],
    )
    expect(strayPackages(withImport('l0.ts', "import Database from 'better-sqlite3'"), PACKAGES)).toEqual([
      'l0.ts -> better-sqlite3',
    ])
    expect(outsideReach('a.ts', 'setTimeout(f, 1); a.process; const now = Date.now()')).toEqual([
      'a.ts: setTimeout',
      'a.ts: Date.now',
    ])
  })
})
