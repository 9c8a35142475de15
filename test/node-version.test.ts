import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nodeVersionProblem } from '#dist/node-version.js'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string }
  readonly sideEffects: readonly string[]
}

describe('nodeVersionProblem', () => {
  it('allows what engines of package.json allows', () => {
    expect(manifest.engines.node).toBe('^20.19.0 || >=22.0.0')
    for (const version of ['20.19.0', '20.20.2', '22.0.0', '22.14.0', '24.1.0', '26.10.0'])
      expect([version, nodeVersionProblem(version)]).toEqual([version, undefined])
  })

  it('says what is needed, and what this is', () => {
    for (const version of ['14.21.3', '16.20.2', '18.20.8', '20.18.3'])
      expect(nodeVersionProblem(version)).toMatch(`needs Node.js 20.19 or newer, this is ${version}`)
    expect(nodeVersionProblem('21.7.3')).toMatch('needs Node.js 20.19, or 22 or newer, this is 21.7.3')
  })
})

describe('require-node.js', () => {
  it('is imported first by the entries, and no bundler may drop it', () => {
    for (const entry of ['index.ts', 'store/sqlite/index.ts']) {
      const text = readFileSync(new URL(`../src/${entry}`, import.meta.url), 'utf8')
      expect(text).toMatch(/^import '(?:\.\.?\/)+require-node\.js'\n/)
    }
    expect(manifest.sideEffects).toEqual(['./dist/require-node.js'])
  })
})
