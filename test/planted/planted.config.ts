import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vitest/config'
import base from '../../vitest.config.js'
import { groupOf } from './groups.js'
import { MISTAKES } from './mistakes.js'

// Run by planted.test.ts: for each group of mistakes, the test file that must catch them, on a copy of the
// build that has them in it. A few processes do it all: one for each group would take longer to start than
// its tests.

const root = fileURLToPath(new URL('../../', import.meta.url))
/** The folder that holds the copies. */
const copies = process.env.REVOCADE_PLANTED ?? ''
/** The groups of mistakes that are tried. */
const tried = (process.env.REVOCADE_PLANTED_ONLY ?? '').split(',')
const usesPostgres = tried
  .flatMap((name) => groupOf(name).map((number) => MISTAKES[number]?.caughtBy))
  .some((file) => file?.startsWith('test/postgres/') === true)

/**
 * A module of the tests that is imported with `?copy=N`, and each that it imports, is another one for each
 * copy, and has the built files from there.
 */
const ofCopy: Plugin = {
  name: 'revocade:copy',
  enforce: 'pre',
  async resolveId(source, importer) {
    const [from = '', copy] = importer?.split('?copy=') ?? []
    if (copy === undefined) return null
    const resolved = await this.resolve(source, from, { skipSelf: true })
    if (resolved === null) return null
    if (resolved.id.startsWith(`${root}dist/`))
      return { ...resolved, id: resolved.id.replace(`${root}dist/`, `${copies}/${copy}/dist/`) }
    return /\/(?:test|bench)\//.test(resolved.id.replace(root, '/'))
      ? { ...resolved, id: `${resolved.id}?copy=${copy}` }
      : resolved
  },
}

const shared = { ...base.test }
delete shared.projects // there is one

export default defineConfig({
  plugins: [ofCopy],
  test: {
    ...shared,
    setupFiles: [],
    include: tried.map((name) => `build/planted/${name}/run.ts`),
    isolate: false,
    // Some mistakes make their test wait for what never comes.
    testTimeout: 60_000,
    reporters: ['./test/planted/failures-reporter.ts'],
    globalSetup: [
      'test/support/redis/global-setup.ts',
      ...(usesPostgres ? ['test/support/postgres/global-setup.ts'] : []),
    ],
  },
})
