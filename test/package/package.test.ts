import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { localLinks } from '../support/markdown.js'
import { command, packAndInstall, type Packed, ROOT } from './packed.js'

let packed: Packed

beforeAll(async () => {
  packed = await packAndInstall()
}, 180_000)

afterAll(() => packed.remove())

const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name)
const inPackage = (path: string): Promise<string> =>
  readFile(join(packed.project, 'node_modules/revocade', path), 'utf8')

describe('the tarball', () => {
  it('holds the build, its sources, the docs, and nothing else', () => {
    const outside = packed.files.filter((path) => !/^(?:dist|src|docs)\//.test(path))
    expect(outside.toSorted()).toEqual([
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package.json',
    ])
    expect(
      packed.files.filter((path) =>
        /(?:^|\/)(?:test|bench|node_modules|coverage)\/|\.(?:test\.\w+|db|tgz|tsbuildinfo)$/.test(path),
      ),
    ).toEqual([])
    const docs = packed.files.filter((path) => path.startsWith('docs/'))
    expect(
      docs.filter(
        (path) => !/\.md$|^docs\/(?:assets\/[\w-]+\.svg|openapi\.json|(?:deploy|monitoring)\/.*)$/.test(path),
      ),
    ).toEqual([])
  })

  it('has every file that a link of its pages leads to', () => {
    const pages = packed.files.filter((path) => path.endsWith('.md'))
    expect(pages.length).toBeGreaterThan(20)
    const broken = pages.flatMap((page) =>
      localLinks(page)
        .map((link) => link.replace(/#.*$/, ''))
        .filter((target) => !packed.files.some((file) => file === target || file.startsWith(`${target}/`)))
        .map((target) => `${page} links ${target}`),
    )
    expect(broken).toEqual([])
  })

  it('has exactly the module, declarations and maps of each source', () => {
    const sources = packed.files
      .filter((path) => /^src\/.*\.ts$/.test(path))
      .map((path) => path.slice('src/'.length, -'.ts'.length))
    expect(sources.length).toBeGreaterThan(50)
    const expected = sources.flatMap((path) =>
      ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => `dist/${path}${end}`),
    )
    expect(packed.files.filter((path) => path.startsWith('dist/')).toSorted()).toEqual(expected.toSorted())
  })

  it('has every file that a module loads by URL, the worker threads among them', async () => {
    const loaded: string[] = []
    for (const path of packed.files.filter((file) => file.endsWith('.js'))) {
      for (const [, target = ''] of (await inPackage(path)).matchAll(
        /new URL\('([^']+)', import\.meta\.url\)/g,
      )) {
        loaded.push(posix.normalize(posix.join(posix.dirname(path), target)))
      }
    }
    expect(loaded).toEqual(
      expect.arrayContaining(['dist/store/sqlite/read/worker.js', 'dist/store/sqlite/write/worker.js']),
    )
    expect(loaded.filter((path) => !packed.files.includes(path))).toEqual([])
  })

  it('is what publint would have it', async () => {
    const bytes = await readFile(packed.tarball)
    const { messages, pkg } = await publint({
      pack: { tarball: Uint8Array.from(bytes).buffer },
      strict: true,
    })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has types that resolve for every ES module importer (attw)', async () => {
    await command(
      ROOT,
      bin('attw'),
      packed.tarball,
      '--profile',
      'esm-only',
      '--no-definitely-typed',
      '--format',
      'ascii',
    )
    expect(Object.keys(packed.manifest.exports)).toEqual([
      '.',
      './ports',
      './sqlite',
      './postgres',
      './redis',
      './http',
      './express',
      './fetch',
      './hono',
      './fastify',
      './koa',
      './nest',
      './passport',
      './hapi',
      './permissions',
      './sessions',
      './session-stores',
      './limits',
      './jwt',
      './express-jwt-blacklist',
      './token-manager',
      './verify',
      './prometheus',
      './opentelemetry',
      './testing',
      './package.json',
    ])
  })
})

describe('a project that installs it', () => {
  it('runs in plain JavaScript', async () => {
    expect(await command(packed.project, process.execPath, 'use.mjs')).toBe('ok\n')
  })

  it.each([
    ['6', 'typescript'],
    ['7', 'typescript-7'],
  ])('compiles in strict TypeScript %s, declarations checked too', async (_version, compiler) => {
    const tsc = join(ROOT, 'node_modules', compiler, 'bin/tsc')
    expect(await command(packed.project, process.execPath, tsc, '-p', 'tsconfig.json')).toBe('')
  })

  it('has the command on its path', async () => {
    // npm's own linking of commands, as `npm install` does it.
    await command(packed.project, 'npm', 'rebuild', '--ignore-scripts', 'revocade')
    expect(Object.keys(packed.manifest.bin)).toEqual(['revocade'])
    expect((await command(packed.project, 'npx', '--no-install', 'revocade', '--version')).trim()).toBe(
      packed.manifest.version,
    )
  })
})

describe('the lockfile', () => {
  it('names no place to fetch from, so that each machine uses its own', async () => {
    const lockfile = await readFile(join(ROOT, 'package-lock.json'), 'utf8')
    expect(lockfile).not.toContain('"resolved"')
    expect(lockfile).not.toMatch(/registry\.|https?:\/\/[^"]*\.tgz/)
  })
})
