import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Callee } from '../support/process.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'

const PROCESSES = 3
const TOKENS = Array.from({ length: 60 }, (_, i) => ({ jti: `t${i}`, exp: TOMORROW }))

/** The same tokens, each process in an order of its own. */
const rotated = (by: number) => [...TOKENS.slice(by), ...TOKENS.slice(0, by)]

async function processes(): Promise<Callee[]> {
  const store = join(temporaryDirectory(), 'store.db')
  const script = new URL('children/first-revoker.mjs', import.meta.url)
  const callees = Array.from({ length: PROCESSES }, () => new Callee(script))
  for (const callee of callees) {
    await callee.up
    await callee.call('open', { store })
  }
  return callees
}

it('exactly one of many callers, in several processes, is told that it revoked a token first', async () => {
  const callees = await processes()
  const told = await Promise.all(
    callees.map((callee, i) => callee.call('revokeAll', { tokens: rotated(i * 20) })),
  )
  const first = new Map<string, number>()
  for (const [id, outcome] of (told as [string, string][][]).flat()) {
    expect(['revoked', 'already']).toContain(outcome)
    first.set(id, (first.get(id) ?? 0) + (outcome === 'revoked' ? 1 : 0))
  }
  expect([...first]).toEqual(expect.arrayContaining(TOKENS.map(({ jti }) => [jti, 1])))
  expect(first.size).toBe(TOKENS.length)
})

it('bulk calls of several processes count each token as new once', async () => {
  const callees = await processes()
  const told = (await Promise.all(
    callees.map((callee, i) => callee.call('revokeMany', { tokens: rotated(i * 20) })),
  )) as { count: number; already: number }[]
  expect(told.map(({ count }) => count)).toEqual(callees.map(() => TOKENS.length))
  const news = told.reduce((sum, { count, already }) => sum + count - already, 0)
  expect(news).toBe(TOKENS.length)
})
