import { describe, expect, it } from 'vitest'
import { brokenPromise, judge, type Line } from './history.js'

const revocation: Line = { engine: 'a', op: 'revoke', token: 1, start: 100, end: 110, verdict: 'done' }
const check = (engine: string, verdict: Line['verdict'], start: number, end = start + 1): Line =>
  ({ engine, op: 'check', token: 1, start, end, verdict })

describe('the judge of histories', () => {
  it.each([
    ['another engine, later than Δ', check('b', 'active', 161), 'promise 3'],
    ['the same engine, right after', check('a', 'active', 110.5), 'promise 2'],
    ['revoked before it was asked for', check('b', 'revoked', 98, 99), 'promise 5'],
  ])('names the promise that is broken by %s', (_what, line, promise) => {
    expect(brokenPromise(line, revocation, 50)).toContain(promise)
  })

  it('names a revocation that nobody asked for', () => {
    expect(brokenPromise(check('b', 'revoked', 0), undefined, 50)).toContain('promise 5')
  })

  it.each([
    ['active before it', check('a', 'active', 90)],
    ['active while it is under way', check('a', 'active', 105, 300)],
    ['active elsewhere within Δ', check('b', 'active', 159)],
    ['started within Δ, answered later', check('b', 'active', 159, 400)],
    ['revoked while it is under way', check('b', 'revoked', 99, 100.5)],
    ['unknown', check('b', 'unknown', 1000)],
    ['revoked', check('b', 'revoked', 1000)],
  ])('accepts %s', (_what, line) => {
    expect(brokenPromise(line, revocation, 50)).toBeUndefined()
  })

  it('says nothing of a revocation that failed', () => {
    expect(brokenPromise(check('b', 'active', 1000), { ...revocation, verdict: 'failed' }, 50)).toBeUndefined()
  })

  it('holds each engine to its own Δ', () => {
    const history = [revocation, check('strict', 'active', 120), check('lax', 'active', 120)]
    expect(judge(history, (engine) => (engine === 'strict' ? 0 : 50))).toEqual([expect.stringContaining('strict')])
  })
})
