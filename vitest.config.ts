import { defineConfig } from 'vitest/config'

// Another folder with a build: a copy that was broken on purpose, to see the tests go red (test/planted).
const dist = process.env.REVOCADE_DIST
const alias =
  dist === undefined
    ? []
    : [
        { find: /^#dist\//, replacement: `${dist}/` },
        { find: /^revocade$/, replacement: `${dist}/index.js` },
      ]

// Tests run what is shipped: they import the built files (`revocade`, `#dist/…`), natively, outside Vite.
export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/\/dist\//] } },
    globalSetup: ['test/support/redis/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: ['default', './test/closing-line.ts'],
  },
})
