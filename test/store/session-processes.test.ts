import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkIntegrity } from '#dist/store/sqlite/index.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'
import { rotateInProcesses } from './rotate-in-processes.js'

it('refresh tokens: one of several processes wins a rotation, and kill -9 leaves all or none', async () => {
  const path = join(temporaryDirectory(), 'store.db')
  await rotateInProcesses(path, await open(path), 2000)
  expect(checkIntegrity(path, true)).toEqual([])
})
