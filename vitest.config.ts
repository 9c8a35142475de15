import { defineConfig } from 'vitest/config'

// Tests run what is shipped: they import the built files (`revocade`, `#dist/…`), natively, outside Vite.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/\/dist\//] } },
    globalSetup: ['test/redis/global-setup.ts'],
    setupFiles: ['test/setup.ts'],
    reporters: ['default', './test/closing-line.ts'],
  },
})
