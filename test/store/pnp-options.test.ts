import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { pnpOptions } from '#dist/store/sqlite/pnp-options.js'

const CJS = resolve('.pnp.cjs')
const LOADER = pathToFileURL('.pnp.loader.mjs').href

describe("the options of a thread under Yarn's Plug'n'Play", () => {
  it.each([
    [
      ['-r', './.pnp.cjs'],
      ['-r', CJS],
    ],
    [['--require=./.pnp.cjs'], ['--require', CJS]],
    [
      ['--experimental-loader', './.pnp.loader.mjs'],
      ['--experimental-loader', LOADER],
    ],
    [
      ['--loader', LOADER, '--import=./.pnp.loader.mjs'],
      ['--loader', LOADER, '--import', LOADER],
    ],
  ])('are those of the process with absolute files: %j', (given, expected) => {
    expect(pnpOptions(given)).toEqual(expected)
  })

  it('are none of the others', () => {
    const others = ['--input-type=module', '-r', './trace.cjs', '--import', 'tsx', '-e', './.pnp.cjs', '-r']
    expect(pnpOptions(others)).toEqual([])
  })
})
