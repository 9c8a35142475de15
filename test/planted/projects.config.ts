import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.js'
import { MISTAKES } from './mistakes.js'

// Run by planted.test.ts: a project for each mistake, with the tests that must catch it, on a copy of the
// build that has the mistake in it.

/** The folder that holds the copies. */
const copies = process.env.REVOCADE_PLANTED ?? ''
/** The numbers of the mistakes that are tried. */
const tried = (process.env.REVOCADE_PLANTED_ONLY ?? '').split(',').map(Number)

/** The titles that must fail, `|` between them, or '' where any test may: others need not run. */
const titlesOf = ({ source }: RegExp): string =>
  source.startsWith('×')
    ? source
        .split('[^]*')
        .map((title) => title.replace('× ', ''))
        .join('|')
    : ''

export default defineConfig({
  test: {
    ...base.test,
    reporters: ['./test/planted/failures-reporter.ts'],
    projects: MISTAKES.flatMap(({ caughtBy, breaks }, i) => {
      const dist = `${copies}/${i}/dist`
      return tried.includes(i)
        ? {
            extends: true as const,
            resolve: {
              alias: [
                { find: /^#dist\//, replacement: `${dist}/` },
                { find: /^revocade$/, replacement: `${dist}/index.js` },
              ],
            },
            test: {
              name: String(i),
              include: [caughtBy],
              setupFiles: ['test/setup.ts', 'test/planted/only-titles.ts'],
              globalSetup: [
                'test/support/redis/global-setup.ts',
                ...(caughtBy.startsWith('test/postgres/') ? ['test/support/postgres/global-setup.ts'] : []),
              ],
              env: { REVOCADE_DIST: dist, REVOCADE_TEST_TITLES: titlesOf(breaks) },
            },
          }
        : []
    }),
  },
})
