import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { requirePeer } from '#dist/require-peer.js'
import { temporaryDirectory } from '../support/temp.js'

const DIST = dirname(fileURLToPath(import.meta.resolve('revocade')))

/** Imports each module, and prints what comes of it. */
const PROGRAM = `
const codes = {}
for (const path of ['limits/index.js', 'observability/opentelemetry.js', 'drop-ins/jwt.js'])
  await import('./dist/' + path).then(
    () => (codes[path] = 'loaded'),
    ({ code, message }) => (codes[path] = [code, message]),
  )
console.log(JSON.stringify(codes))`

it('a module whose optional peer is missing is ERR_CONFIG, and says what to install', async () => {
  // A copy of the build, in a folder above which there are no packages.
  const folder = temporaryDirectory()
  cpSync(DIST, join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'load.js'), PROGRAM)
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'load.js')])
  const missing = (subpath: string, name: string): unknown => [
    'ERR_CONFIG',
    `${subpath} needs the package ${name}: npm install ${name}`,
  ]
  expect(JSON.parse(stdout)).toEqual({
    'limits/index.js': missing('revocade/limits', 'rate-limiter-flexible'),
    'observability/opentelemetry.js': missing('revocade/opentelemetry', '@opentelemetry/api'),
    'drop-ins/jwt.js': missing('revocade/jwt', 'jsonwebtoken'),
  })
})

it('a peer that is missing is ERR_CONFIG with its cause', () => {
  expect(() => requirePeer('no-such-peer', 'revocade/part')).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG',
      cause: expect.objectContaining({ code: 'MODULE_NOT_FOUND' }) as unknown,
    }),
  )
})

it('a peer that is there and lacks a package of its own throws what it throws', () => {
  const folder = temporaryDirectory()
  const peer = join(folder, 'node_modules/broken-peer')
  mkdirSync(peer, { recursive: true })
  writeFileSync(join(peer, 'index.js'), "require('no-such-part')")
  expect(() => requirePeer(peer, 'revocade/part')).toThrow(
    expect.objectContaining({
      code: 'MODULE_NOT_FOUND',
      message: expect.stringContaining("'no-such-part'") as string,
    }),
  )
})
