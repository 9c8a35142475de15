import { describe, expect, it } from 'vitest'
import { type Ack, brokenPromise, type Check, type Fact } from './promises.js'

// The judge of the interleavings, held against histories whose verdict is known.

const at = (tick: number, ms = 0): { tick: number; ms: number } => ({ tick, ms })
const fact = (tick: number, revoked: boolean, write?: string, ms = 0): Fact => ({
  target: 't',
  revoked,
  write,
  at: at(tick, ms),
})
const ack = (tick: number, write: string, engine = 0): Ack => ({ engine, target: 't', write, at: at(tick) })
const check = (status: string, start: number, ms = 0): Check => ({
  engine: 0,
  targets: ['t'],
  start: at(start, ms),
  end: at(start + 1, ms),
  status,
})

describe('promise 2: what an engine was told is durable, it finds', () => {
  const facts = [fact(1, true, 'a')]

  it('from the acknowledgement on', () => {
    expect(brokenPromise(check('active', 3), facts, [ack(2, 'a')], 100)).toMatch(/^2: own/)
    expect(brokenPromise(check('revoked', 3), facts, [ack(2, 'a')], 100)).toBeUndefined()
  })

  it('not before, nor another engine', () => {
    expect(brokenPromise(check('active', 2), facts, [ack(4, 'a')], 100)).toBeUndefined()
    expect(brokenPromise(check('active', 3), facts, [ack(2, 'a', 1)], 100)).toBeUndefined()
  })

  it('until it is taken back', () => {
    expect(brokenPromise(check('active', 4), [...facts, fact(3, false)], [ack(2, 'a')], 100)).toBeUndefined()
  })

  it("even where another engine's commit came before its acknowledgement, after it was taken back", () => {
    const others = [...facts, fact(2, false), fact(3, true, 'b')]
    expect(brokenPromise(check('active', 5), others, [ack(4, 'a')], 100)).toBeUndefined()
    expect(brokenPromise(check('active', 5), others, [ack(4, 'b')], 100)).toMatch(/^2: own/)
  })
})

describe('promise 3: no engine answers active later than Δ', () => {
  it('after the commit', () => {
    expect(brokenPromise(check('active', 2, 101), [fact(1, true, 'a')], [], 100)).toMatch(/^3: .* too late/)
    expect(brokenPromise(check('active', 2, 100), [fact(1, true, 'a')], [], 100)).toBeUndefined()
  })
})

describe('promise 5: revoked is said of nothing else', () => {
  it('but what was revoked within Δ or still is', () => {
    expect(brokenPromise(check('revoked', 2), [], [], 100)).toMatch(/^5:/)
    expect(
      brokenPromise(check('revoked', 3, 50), [fact(1, true, 'a'), fact(2, false, undefined, 10)], [], 100),
    ).toBeUndefined()
    expect(
      brokenPromise(check('revoked', 3, 500), [fact(1, true, 'a'), fact(2, false, undefined, 10)], [], 100),
    ).toMatch(/^5:/)
  })
})
