import { defineConfig } from 'vitest/config'
import SlowestFirst from './test/slowest-first.js'
import { distAlias } from './test/support/dist-alias.js'

// Another folder with a build: a copy that was broken on purpose, to see the tests go red (test/planted).
const dist = process.env.REVOCADE_DIST
const alias = dist === undefined ? [] : distAlias(dist)

// Where V8 writes down what ran (.ci/run): in processes that run tests and in their children, not in
// Vitest's own.
const coverage = process.env.REVOCADE_TEST_COVERAGE

/** Test files that use a Redis server. One that does and is not listed here fails and says so. */
const WITH_REDIS = [
  'test/redis/**/*.test.ts',
  'test/redis-store/**/*.test.ts',
  'test/support/redis/**/*.test.ts',
  'test/faults/{redis-*,staleness-redis}.test.ts',
  'test/cli/{doctor,import-redis,redis,watch}.test.ts',
  'test/deploy/kubernetes.test.ts',
  'test/drop-ins/jwt.test.ts',
  'test/session-stores/express-session.test.ts',
  'test/limits/limits.test.ts',
  'test/bench/{peers,question-scripts}.test.ts',
  // Its mistakes are caught by tests of both projects.
  'test/planted/**/*.test.ts',
]

/** Test files that use a PostgreSQL server. One that does and is not listed here fails and says so. */
const WITH_POSTGRES = ['test/postgres/**/*.test.ts']

/** Test files that use both. */
const WITH_BOTH = [
  'test/examples/**/*.test.ts',
  'test/faults/matrix.test.ts',
  'test/sessions/processes.test.ts',
]

/**
 * Test files that share a process with others, which saves a fifth of their time: they leave nothing behind.
 * Not default-engine, which is about the one engine of its process, load, which measures its memory, and
 * metrics, which counts who listens in its process.
 */
const TOGETHER = [
  'test/{adapters,architecture,bench,cli,docs,http,prefilter,store,testing,token,tuning}/**/*.test.ts',
  'test/{observability,permissions,session-stores,verify}/**/*.test.ts',
  'test/server/**/!(load|metrics).test.ts',
  'test/engine/**/!(default-engine).test.ts',
  'test/sessions/**/!(processes).test.ts',
  'test/{errors,node-version,redact}.test.ts',
]

/** The same among the files that use a Redis server. Not those that count the timers of their process. */
const REDIS_TOGETHER = [
  'test/redis/**/!(anti-entropy|write-queue).test.ts',
  'test/redis-store/**/*.test.ts',
  'test/cli/{doctor,import-redis,redis,watch}.test.ts',
]

// Tests run what is shipped: they import the built files (`revocade`, `#dist/…`), natively, outside Vite.
export default defineConfig({
  resolve: { alias },
  test: {
    pool: 'forks',
    maxConcurrency: 2,
    // Tests wait for timers and processes: two workers leave a fifth of two cores idle.
    maxWorkers: 3,
    // Beside a load of ten, a test takes ten times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // In milliseconds: what a test polls for comes late on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    env: coverage === undefined ? {} : { NODE_V8_COVERAGE: coverage },
    server: { deps: { external: [/\/dist\//] } },
    setupFiles: ['test/setup.ts'],
    sequence: { sequencer: SlowestFirst },
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...WITH_REDIS, ...WITH_POSTGRES, ...WITH_BOTH, ...TOGETHER],
        },
      },
      {
        extends: true,
        test: { name: 'unit-together', include: TOGETHER, exclude: WITH_REDIS, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'redis',
          include: WITH_REDIS,
          exclude: REDIS_TOGETHER,
          globalSetup: ['test/support/redis/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'redis-together',
          include: REDIS_TOGETHER,
          isolate: false,
          globalSetup: ['test/support/redis/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'redis-and-postgres',
          include: WITH_BOTH,
          globalSetup: ['test/support/redis/global-setup.ts', 'test/support/postgres/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: WITH_POSTGRES,
          isolate: false,
          globalSetup: [
            'test/support/postgres/global-setup.ts',
            'test/support/postgres/global-setup-pgbouncer.ts',
          ],
        },
      },
    ],
  },
})
