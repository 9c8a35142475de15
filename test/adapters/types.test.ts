import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { ROOT } from '../support/markdown.js'

it("the adapters fit the frameworks' own types", async () => {
  const tsc = join(ROOT, 'node_modules/typescript-7/bin/tsc')
  const args = [tsc, '-p', join(ROOT, 'test/adapters/types/tsconfig.json'), '--pretty', 'false']
  // What it has to say is on stdout, also where it fails.
  const run = promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => stdout,
    (error: unknown) => (error as { stdout: string }).stdout,
  )
  expect(await run).toBe('')
})
