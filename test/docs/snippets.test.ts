import { execFile } from 'node:child_process'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { pages, ROOT, type Snippet, snippets } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'

const run = promisify(execFile)
let directory: string

/** What the snippets of docs/adapters, docs/guides and other pages import. */
const FRAMEWORKS = [
  'express',
  'express-jwt',
  'express-oauth2-jwt-bearer',
  'fastify',
  '@fastify',
  'hono',
  '@hono',
  'koa',
  'koa-jwt',
  '@nestjs',
  'reflect-metadata',
  'rxjs',
  '@hapi',
  'hapi-auth-jwt2',
  'passport',
  'passport-jwt',
  '@trpc',
  '@apollo',
  'graphql',
  'fast-gateway',
  'prom-client',
  'jsonwebtoken',
  'express-session',
  'better-auth',
  'rate-limiter-flexible',
]

beforeAll(async () => {
  directory = temporaryDirectory()
  await mkdir(join(directory, 'node_modules'))
  const links: readonly (readonly [string, string])[] = [
    ['revocade', ROOT],
    ...['jose', '@types', ...FRAMEWORKS].map((name) => [name, join(ROOT, 'node_modules', name)] as const),
  ]
  for (const [name, path] of links) {
    await symlink(path, join(directory, 'node_modules', name))
  }
})

/**
 * The snippet as a program: a line `expression // => value` becomes an assertion, line numbers stay the same.
 * Assertions are counted, so that one that is not recognised makes the test fail.
 */
function program({ text }: Snippet): { text: string; assertions: number } {
  let assertions = 0
  const checked = text.replace(
    /^(\s*)(?!const |let )(\S.*?);? +\/\/ => (.*)$/gm,
    (_line, indent: string, expression: string, value: string) => {
      assertions++
      const [, printed = expression] = /^console\.log\((.*)\)$/.exec(expression) ?? []
      return `${indent}__equal(${printed}, ${value})`
    },
  )
  return { text: `import { deepStrictEqual as __equal } from 'node:assert'; ${checked}`, assertions }
}

async function execute(snippet: Snippet, name: string): Promise<string> {
  const place = join(directory, name)
  await mkdir(place)
  const { text, assertions } = program(snippet)
  expect(assertions).toBe(snippet.text.split('// =>').length - 1)
  const javascript =
    snippet.language === 'js'
      ? text
      : ts.transpileModule(text, {
          compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
        }).outputText
  await writeFile(join(place, 'snippet.mjs'), javascript)
  if (snippet.driver !== undefined) {
    await cp(join(ROOT, 'test/docs/drivers'), place, { recursive: true })
  }
  const main = `${snippet.driver ?? 'snippet'}.mjs`
  // An engine that is not closed must not keep the process alive: then the time limit fails the test.
  const { stdout } = await run(process.execPath, [main], {
    cwd: place,
    timeout: 20_000,
    env: {
      ...process.env,
      NODE_V8_COVERAGE: undefined, // The tests of the code count, not those of what the pages say.
      PORT: '0',
      REVOCADE_STORE: './revocade.db',
      JWT_SECRET: 'a secret of the README, for its tests only',
    },
  })
  return stdout
}

describe('snippets', () => {
  const all = pages().flatMap(snippets)

  it('the pages have some', () => {
    expect(all.length).toBeGreaterThanOrEqual(4)
  })

  it.each(all.map((snippet, i) => [`${snippet.page}:${snippet.line}`, snippet, `s${i}`] as const))(
    '%s runs, and has the values it names',
    async (_name, snippet, place) => {
      const said = await execute(snippet, place)
      if (snippet.driver !== undefined) expect(said).toBe('ok\n')
    },
  )

  it('the one of README.md prints what it says, also when it is run again', async () => {
    const [{ text } = { text: '' }] = snippets('README.md')
    const place = join(directory, 'twice')
    await mkdir(place)
    await writeFile(join(place, 'snippet.mjs'), text)
    for (let i = 0; i < 2; i++) {
      const { stdout } = await run(process.execPath, ['snippet.mjs'], { cwd: place })
      expect(stdout).toBe('false\ntrue\ntrue\n')
    }
  })

  it('a snippet with a wrong value fails', async () => {
    const wrong: Snippet = {
      page: 'none',
      line: 1,
      language: 'js',
      text: '1 + 1 // => 3\n',
      driver: undefined,
    }
    await expect(execute(wrong, 'wrong')).rejects.toThrow(/AssertionError/)
  })
})
