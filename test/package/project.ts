import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../support/temp.js'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const DIST = dirname(fileURLToPath(import.meta.resolve('revocade')))

/** A program that prints what came of it: `[code, statusCode, message]` of an error, or the verdict. */
export const PROGRAM = `
import { createRevocade } from 'revocade'
try {
  const revocade = await createRevocade({ store: process.argv[2] + '/x.db' })
  await revocade.revoke({ jti: 'a', exp: Date.now() / 1000 + 60 })
  console.log(JSON.stringify(await revocade.isRevoked({ jti: 'a' })))
  await revocade.close()
} catch (error) {
  console.log(JSON.stringify([error.code, error.statusCode, error.message]))
}`

export interface Project {
  readonly path: string
  /** Runs {@link PROGRAM}, or what was made of it, and returns what it printed. */
  run: (flags?: readonly string[], how?: { readonly program?: string; readonly store?: string }) => unknown
}

/** A project with this package, a copy of its driver, and what the driver needs. */
export function project(): Project {
  const path = temporaryDirectory()
  const modules = join(path, 'node_modules')
  for (const folder of ['node_modules/revocade', 'node_modules/better-sqlite3'])
    mkdirSync(join(path, folder), { recursive: true })
  cpSync(DIST, join(modules, 'revocade/dist'), {
    recursive: true,
    filter: (from) => !/\.(?:map|d\.ts)$/.test(from),
  })
  writeFileSync(
    join(modules, 'revocade/package.json'),
    JSON.stringify({ name: 'revocade', type: 'module', exports: './dist/index.js' }),
  )
  for (const part of ['package.json', 'lib', 'build/Release/better_sqlite3.node'])
    cpSync(join(MODULES, 'better-sqlite3', part), join(modules, 'better-sqlite3', part), { recursive: true })
  for (const name of ['bindings', 'file-uri-to-path', 'lru-cache'])
    cpSync(join(MODULES, name), join(modules, name), { recursive: true })
  writeFileSync(join(path, 'program.mjs'), PROGRAM)
  const run: Project['run'] = (flags = [], { program = 'program.mjs', store = path } = {}) => {
    const options = { cwd: path, encoding: 'utf8', timeout: 30_000 } as const
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, store], options)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  }
  return { path, run }
}
