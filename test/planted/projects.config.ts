import { defineConfig } from 'vitest/config'
import base from '../../vitest.config.js'
import { distAlias } from '../support/dist-alias.js'
import { groupOf, titlesOf } from './groups.js'
import { MISTAKES } from './mistakes.js'

// Run by planted.test.ts: a project for each group of mistakes, with the tests that must catch them, on a
// copy of the build that has them in it.

/** The folder that holds the copies. */
const copies = process.env.REVOCADE_PLANTED ?? ''
/** The groups of mistakes that are tried. */
const tried = (process.env.REVOCADE_PLANTED_ONLY ?? '').split(',')
const filesOf = (name: string): string[] => [
  ...new Set(groupOf(name).flatMap((number) => MISTAKES[number]?.caughtBy ?? [])),
]
const usesPostgres = tried.flatMap(filesOf).some((file) => file.startsWith('test/postgres/'))

export default defineConfig({
  test: {
    ...base.test,
    // Some mistakes make their test wait for what never comes.
    testTimeout: 60_000,
    reporters: ['./test/planted/failures-reporter.ts'],
    projects: tried.flatMap((name, i) => {
      const mistakes = groupOf(name).flatMap((number) => MISTAKES[number] ?? [])
      const dist = `${copies}/${name}/dist`
      const titles = mistakes.flatMap(titlesOf)
      return mistakes.length === 0
        ? []
        : {
            extends: true as const,
            resolve: { alias: distAlias(dist) },
            test: {
              name,
              include: filesOf(name),
              setupFiles: ['test/setup.ts', 'test/planted/only-titles.ts'],
              // That of one project is for all.
              globalSetup: [
                ...(i === 0 ? ['test/support/redis/global-setup.ts'] : []),
                ...(i === 0 && usesPostgres ? ['test/support/postgres/global-setup.ts'] : []),
              ],
              // Others need not run. Without a title, any test may say what breaks: it is alone in its group.
              env: {
                REVOCADE_DIST: dist,
                REVOCADE_TEST_TITLES: titles.join('|'),
                REVOCADE_TEST_BREAKS:
                  titles.length > 0 ? '' : mistakes.map(({ breaks }) => breaks.source).join('|'),
              },
            },
          }
    }),
  },
})
