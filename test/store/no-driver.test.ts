import { execFile } from 'node:child_process'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temp.js'

it('says what to install where the package pg is missing', async () => {
  // A copy of the build, in a folder above which there are no packages.
  const folder = temporaryDirectory()
  cpSync(fileURLToPath(new URL('../../dist', import.meta.url)), join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(folder, 'open.js'),
    `import { PostgresStore } from './dist/store/postgres/index.js'
    const store = new PostgresStore('postgres://app:hunter2@127.0.0.1:1/db')
    await store.open({ namespace: 'default', exclusive: false }).catch(({ code, message }) =>
      console.log(JSON.stringify([code, message])))`,
  )
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'open.js')])
  expect(JSON.parse(stdout)).toEqual([
    'ERR_CONFIG',
    "option 'store': a PostgreSQL store needs the package pg: npm install pg",
  ])
})
