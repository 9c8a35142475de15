import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { readPage } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'
import { command } from './packed.js'
import { PROGRAM, type Project, project } from './project.js'

// The examples of docs/guides/bundlers.md, with the bundlers themselves.
const BUNDLERS = ['esbuild@0.28.2', 'rollup@4.68.8', 'webpack@5.112.2']
const PAGE = readPage('docs/guides/bundlers.md')

/** Runs webpack's configuration; its command line is a package of its own. */
const WEBPACK = `
import webpack from 'webpack'
import config from './webpack.config.mjs'
webpack({ ...config, mode: 'production' }, (error, stats) => {
  if (error ?? stats.hasErrors()) throw new Error(stats?.toString() ?? error)
})`

let tools: string
let app: Project

beforeAll(async () => {
  tools = temporaryDirectory()
  await command(tools, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', ...BUNDLERS)
  app = project()
  await writeFile(join(app.path, 'server.js'), PROGRAM)
}, 180_000)

/** The first block of code below a heading of the page. */
function example(heading: string): string {
  const [, section = ''] = PAGE.split(`\n## ${heading}\n`)
  const [, text = ''] = /```\w+\n(.*?)```/s.exec(section) ?? []
  expect(text, heading).not.toBe('')
  return text
}

const save = (name: string, text: string): Promise<void> => writeFile(join(app.path, name), text)
const bin = (name: string): string => join(tools, 'node_modules/.bin', name)

describe('the example for', () => {
  it('esbuild makes a bundle that runs', async () => {
    const [program = '', ...options] = example('esbuild').trim().split(' ')
    await command(app.path, bin(program), ...options)
    expect(app.run([], { program: 'out.mjs' })).toBe(true)
  })

  it('Rollup makes a bundle that runs', async () => {
    await save('rollup.config.mjs', example('Rollup and Rolldown'))
    await command(app.path, bin('rollup'), '--silent', '-c', 'rollup.config.mjs')
    expect(app.run([], { program: 'out.mjs' })).toBe(true)
  })

  it('webpack makes a bundle that runs', async () => {
    await save('webpack.config.mjs', example('webpack'))
    await save('webpack.mjs', WEBPACK.replace("'webpack'", `'${tools}/node_modules/webpack/lib/index.js'`))
    await command(app.path, process.execPath, 'webpack.mjs')
    expect(app.run([], { program: 'dist/main.js' })).toBe(true)
  })
})

describe('a bundle that holds the package', () => {
  it.each(['esm', 'cjs'])('is ERR_CONFIG, and says what to do (%s)', async (format) => {
    await save(
      'main.js',
      `(async () => {${PROGRAM.replace(/import (.*) from '(.*)'/, "const $1 = await import('$2')")}})()`,
    )
    const out = `held.${format === 'esm' ? 'mjs' : 'cjs'}`
    const options = [
      '--bundle',
      '--platform=node',
      '--external:better-sqlite3',
      '--external:ioredis',
      '--external:bloom-filters',
    ]
    await command(app.path, bin('esbuild'), 'main.js', ...options, `--format=${format}`, `--outfile=${out}`)
    // It is bundled under its own name.
    expect(await readFile(join(app.path, out), 'utf8')).not.toContain('_RevocadeError')
    expect(app.run([], { program: out })).toEqual([
      'ERR_CONFIG',
      500,
      expect.stringMatching(/leave revocade out of the bundle.*docs\/guides\/bundlers\.md/),
    ])
  })
})
