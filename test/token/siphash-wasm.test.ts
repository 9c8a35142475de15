import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import loadWabt from 'wabt'

it('siphash-wasm.ts is siphash.wat compiled (vitest -u writes it anew)', async () => {
  const wat = await readFile(fileURLToPath(new URL('../../src/token/siphash.wat', import.meta.url)), 'utf8')
  const wabt = await loadWabt()
  const module = wabt.parseWat('siphash.wat', wat)
  module.validate()
  const { buffer } = module.toBinary({})
  const lines =
    Buffer.from(buffer)
      .toString('base64')
      .match(/.{1,100}/g) ?? []
  const source = [
    '// Compiled by test/token/siphash-wasm.test.ts: change siphash.wat and run `vitest -u`.',
    '',
    '/** siphash.wat, compiled, as base64. */',
    'export const SIPHASH_WASM =',
    lines.map((line) => `  '${line}'`).join(' +\n'),
    '',
  ].join('\n')
  await expect(source).toMatchFileSnapshot('../../src/token/siphash-wasm.ts')
})
