import { describe, expect, it } from 'vitest'
import { type Change, type Check, Judge, judge, type Line, miscounted } from './history.js'

// Histories by hand: token 1 of subject 7, with Δ = 50 ms. Engine a revokes.

const STALENESS_MS = 50
type Times = readonly [start: number, end: number]
const change = (
  engine: string,
  op: 'revoke' | 'unrevoke',
  [start, end]: Times,
  verdict: Change['verdict'] = 'done',
): Change => ({ engine, op, token: 1, start, end, verdict })
const where = (
  engine: string,
  op: 'revokeWhere' | 'unrevokeWhere',
  [start, end]: Times,
  sub = 7,
): Change => ({ engine, op, sub, start, end, verdict: 'done' })
const check = (
  engine: string,
  verdict: Check['verdict'],
  [start, end]: Times,
  decidedBy?: Check['decidedBy'],
): Check => ({
  engine,
  op: 'check',
  token: 1,
  sub: 7,
  start,
  end,
  verdict,
  ...(decidedBy === undefined ? {} : { decidedBy }),
})
const REVOKED = change('a', 'revoke', [100, 110])
const UNREVOKED = change('c', 'unrevoke', [300, 310])
const AGAIN = change('c', 'revoke', [500, 510])

const verdictOn = (...history: Line[]): string[] => judge(history, () => STALENESS_MS)

describe('the judge of histories', () => {
  it.each<[string, string, Line[]]>([
    [
      'promise 1',
      'active in an engine that was opened after it',
      [REVOKED, { engine: 'b', op: 'open', start: 111, end: 112 }, check('b', 'active', [113, 114])],
    ],
    ['promise 2', 'active in the same engine, right after', [REVOKED, check('a', 'active', [110.5, 111])]],
    [
      'promise 2',
      'active in the same engine, of a subject',
      [where('a', 'revokeWhere', [100, 110]), check('a', 'active', [111, 112])],
    ],
    [
      'promise 2',
      'active in the same engine, revoked again',
      [REVOKED, UNREVOKED, AGAIN, check('c', 'active', [511, 512])],
    ],
    ['promise 3', 'active in another engine, later than Δ', [REVOKED, check('b', 'active', [161, 162])]],
    [
      'promise 3',
      'active although the token was taken back, for its subject is revoked',
      [REVOKED, UNREVOKED, where('c', 'revokeWhere', [200, 210]), check('b', 'active', [400, 401])],
    ],
    [
      'promise 3',
      'active later than Δ after it was revoked again',
      [REVOKED, UNREVOKED, AGAIN, check('b', 'active', [561, 562])],
    ],
    ['promise 3', 'active before it was taken back', [REVOKED, UNREVOKED, check('b', 'active', [200, 299])]],
    [
      'promise 3',
      'active after an un-revocation that came before',
      [change('a', 'unrevoke', [10, 20]), REVOKED, check('b', 'active', [200, 201])],
    ],
    ['promise 4', 'active by policy', [check('b', 'active', [1, 2], 'policy')]],
    ['promise 4', 'unknown, and something that knows decided', [check('b', 'unknown', [1, 2], 'store')]],
    ['promise 5', 'revoked, and nobody ever asked for it', [check('b', 'revoked', [1, 2])]],
    ['promise 5', 'revoked before it was asked for', [REVOKED, check('b', 'revoked', [98, 99])]],
    [
      'promise 5',
      'revoked for another subject',
      [where('a', 'revokeWhere', [100, 110], 8), check('b', 'revoked', [120, 121])],
    ],
    [
      'promise 5',
      'revoked later than Δ after it was taken back',
      [REVOKED, UNREVOKED, check('b', 'revoked', [361, 362])],
    ],
    [
      'promise 5',
      'revoked in the engine that took it back',
      [REVOKED, UNREVOKED, check('c', 'revoked', [311, 312])],
    ],
    [
      'promise 5',
      'revoked for a subject that was taken back',
      [
        where('a', 'revokeWhere', [100, 110]),
        where('a', 'unrevokeWhere', [200, 210]),
        check('b', 'revoked', [261, 262]),
      ],
    ],
    ['promise 5', 'revoked by the filter', [REVOKED, check('b', 'revoked', [120, 121], 'prefilter')]],
    [
      'promise 5',
      'revoked by Redis while the store could be asked',
      [REVOKED, { op: 'outage', start: 200, end: 300 }, check('b', 'revoked', [120, 121], 'redis')],
    ],
  ])('names %s: %s', (promise, _what, history) => {
    expect(verdictOn(...history)).toEqual([expect.stringContaining(promise)])
  })

  it.each<[string, Line[]]>([
    ['active before it', [REVOKED, check('a', 'active', [90, 91])]],
    ['active while it is under way', [REVOKED, check('a', 'active', [105, 300])]],
    ['active elsewhere within Δ', [REVOKED, check('b', 'active', [159, 160])]],
    ['started within Δ, answered later', [REVOKED, check('b', 'active', [159, 400])]],
    ['active when it was taken back', [REVOKED, UNREVOKED, check('a', 'active', [305, 306])]],
    [
      'active when it was taken back before the answer',
      [REVOKED, UNREVOKED, check('a', 'active', [200, 302])],
    ],
    [
      'active where both were under way at once',
      [REVOKED, change('c', 'unrevoke', [105, 108]), check('b', 'active', [400, 401])],
    ],
    [
      'active where taking it back may have worked',
      [REVOKED, change('c', 'unrevoke', [300, 310], 'failed'), check('a', 'active', [900, 901])],
    ],
    [
      'active after a revocation that failed',
      [change('a', 'revoke', [100, 110], 'failed'), check('a', 'active', [900, 901])],
    ],
    [
      'active right after it was revoked again elsewhere',
      [REVOKED, UNREVOKED, AGAIN, check('b', 'active', [559, 600])],
    ],
    [
      'active in an engine that was opened while it was under way',
      [REVOKED, { engine: 'b', op: 'open', start: 105, end: 120 }, check('b', 'active', [121, 122])],
    ],
    ['revoked while it is under way', [REVOKED, check('b', 'revoked', [99, 100.5])]],
    ['revoked', [REVOKED, check('b', 'revoked', [1000, 1001], 'cache')]],
    [
      'revoked by a revocation that is said to have failed',
      [change('a', 'revoke', [100, 110], 'failed'), check('b', 'revoked', [900, 901])],
    ],
    [
      'revoked elsewhere within Δ after it was taken back',
      [REVOKED, UNREVOKED, check('b', 'revoked', [359, 370])],
    ],
    [
      'revoked where taking it back failed',
      [REVOKED, change('c', 'unrevoke', [300, 310], 'failed'), check('b', 'revoked', [900, 901])],
    ],
    ['revoked when it was revoked again', [REVOKED, UNREVOKED, AGAIN, check('c', 'revoked', [501, 502])]],
    [
      'revoked for its subject, though the token was taken back',
      [REVOKED, UNREVOKED, where('c', 'revokeWhere', [200, 210]), check('b', 'revoked', [900, 901])],
    ],
    [
      'revoked by Redis while the store could not be asked',
      [REVOKED, { op: 'outage', start: 200, end: 300 }, check('b', 'revoked', [199, 201], 'redis')],
    ],
    ['unknown', [REVOKED, check('b', 'unknown', [1000, 1001], 'policy')]],
  ])('accepts %s', (_what, history) => {
    expect(verdictOn(...history)).toEqual([])
  })

  it('holds each engine to its own Δ', () => {
    const history = [REVOKED, check('strict', 'active', [120, 121]), check('lax', 'active', [120, 121])]
    expect(judge(history, (engine) => (engine === 'strict' ? 0 : STALENESS_MS))).toEqual([
      expect.stringContaining('strict'),
    ])
  })

  it('names an unknown verdict a failure, unless the store could not be asked', () => {
    const one = new Judge(() => STALENESS_MS)
    one.learn([{ op: 'outage', start: 200, end: 300 }])
    const failures = [
      [100, 199],
      [190, 210],
      [250, 260],
      [301, 302],
    ] as const
    expect(failures.map((times) => one.isFailure(check('b', 'unknown', times)))).toEqual([
      true,
      false,
      false,
      true,
    ])
    expect(one.isFailure(check('b', 'active', [100, 101]))).toBe(false)
  })

  it('names promise 4 where a decision by policy was not counted', () => {
    expect(miscounted('a', 3, 2)).toContain('promise 4')
    expect(miscounted('a', 3, 3)).toBeUndefined()
  })
})
