import { inspect } from 'node:util'
import { RevocadeError } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import { describe, expect, it, vi } from 'vitest'
import { createGate, type Decision, type GuardOptions } from '#dist/http/gate.js'
import type { Checker } from '#dist/http/judge.js'
import { RefusedRequest } from '#dist/http/refusal.js'
import { open } from '../support/engine.js'
import { ourError } from '../support/errors.js'

interface Asked {
  readonly authorization?: readonly string[]
  readonly token?: unknown
}

/** An engine that answers by the token's text or `jti`, and notes what it was asked. */
function engineOf(answers: Readonly<Record<string, 'active' | 'revoked' | 'unknown' | Error>>) {
  const asked: unknown[] = []
  const answer = (token: unknown) =>
    answers[typeof token === 'string' ? token : (token as { jti: string }).jti]
  const engine: Checker = {
    isClearlyActive: (token) => answer(token) === undefined,
    check: (token, options) => {
      asked.push([token, options])
      const given = answer(token) ?? 'active'
      if (given instanceof Error) return Promise.reject(given)
      return Promise.resolve({ status: given, decidedBy: 'store' })
    },
  }
  return { engine, asked }
}

const gateOf = (engine: Checker, options: GuardOptions<Asked> = {}) =>
  createGate<Asked>(engine, options, ({ authorization = [] }) => authorization)

const reasonOf = (decision: Decision): string => (decision.allowed ? 'allowed' : decision.refusal.reason)
const bearer = (token: string): Asked => ({ authorization: [`Bearer ${token}`] })

describe('a gate', () => {
  it('decides without a promise on a token that is clearly active', () => {
    const { engine, asked } = engineOf({})
    expect(gateOf(engine)(bearer('a'))).toEqual({ allowed: true, anonymous: false })
    expect(asked).toEqual([])
  })

  describe('of a token that it has seen', () => {
    const jwt = (claims: object): string =>
      `${encoded({ alg: 'HS256' })}.${encoded({ jti: 'seen', ...claims })}.${'c2ln'.repeat(8)}`
    const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    /** A gate for tokens of at most so many characters; it judges by the id of their claims. */
    const gateFor = (maxTokenBytes: number, answers: Parameters<typeof engineOf>[0] = {}) => {
      const { engine, asked } = engineOf(answers)
      return { gate: gateOf({ ...engine, maxTokenBytes }), asked }
    }

    it('decides without reading it again, and by the engine each time', async () => {
      const answers: Record<string, 'revoked'> = {}
      const { gate, asked } = gateFor(1000, answers)
      const token = jwt({})
      for (const scheme of ['Bearer', 'Bearer', 'DPoP', 'bearer  '])
        expect(reasonOf(await gate({ authorization: [`${scheme} ${token}`] }))).toBe('allowed')
      expect(asked).toEqual([])
      answers.seen = 'revoked'
      answers[token] = 'revoked'
      for (const scheme of ['Bearer', 'DPoP', 'bearer  '])
        expect(reasonOf(await gate({ authorization: [`${scheme} ${token}`] }))).toBe('revoked')
    })

    it('refuses it once it has expired', async () => {
      const expires = Math.floor(Date.now() / 1000) + 5
      const value = bearer(jwt({ exp: expires }))
      const { gate } = gateFor(1000)
      expect(reasonOf(await gate(value))).toBe('allowed')
      vi.useFakeTimers({ now: expires * 1000, toFake: ['Date'] })
      try {
        expect(reasonOf(await gate(value))).toBe('expired')
      } finally {
        vi.useRealTimers()
      }
    })

    it('asks an engine for which it is too long by the token itself', async () => {
      const token = jwt({ exp: 4_000_000_000 })
      expect(reasonOf(await gateFor(token.length).gate(bearer(token)))).toBe('allowed')
      const mistake = new RevocadeError('ERR_INVALID_TOKEN', 'too long')
      const short = gateFor(token.length - 1, { [token]: mistake })
      expect(reasonOf(await short.gate(bearer(token)))).toBe('malformed')
      expect(short.asked).toEqual([[token, undefined]])
    })

    it('refuses it beside another value, or with what is no token', async () => {
      const { gate } = gateFor(1000)
      const { authorization = [] } = bearer(jwt({}))
      const [value = ''] = authorization
      expect(reasonOf(await gate({ authorization }))).toBe('allowed')
      expect(reasonOf(await gate({ authorization: [value, value] }))).toBe('several')
      for (const more of [' ', ' x', '\n', ', Bearer x', '=x', '"', '\u00e9', '.x'])
        expect(reasonOf(await gate({ authorization: [`${value}${more}`] }))).toBe('malformed')
      expect(reasonOf(await gate({ authorization: [value.replace('Bearer', 'Basic')] }))).toBe('scheme')
    })
  })

  it('checks the tokens of all places', async () => {
    const { engine } = engineOf({ b: 'revoked', c: 'active', d: 'unknown' })
    const gate = gateOf(engine, { token: ({ token }) => token as string[] })
    expect(reasonOf(await gate({ token: ['a', 'c', 'e'] }))).toBe('allowed')
    expect(reasonOf(await gate({ token: ['a', 'c', 'b'] }))).toBe('revoked')
    expect(reasonOf(await gate({ token: ['c', 'd', 'a'] }))).toBe('unknown')
    expect(reasonOf(await gate({ token: [] }))).toBe('missing')
    expect(reasonOf(await gate({ token: ['', ''] }))).toBe('missing')
    expect(reasonOf(await gate({ token: undefined }))).toBe('missing')
    expect(reasonOf(await gate({ token: 'b', authorization: ['Bearer x', 'Bearer x'] }))).toBe('several')
  })

  it('asks with the options of its policy, and with none where the engine decides', async () => {
    const { engine, asked } = engineOf({ a: 'active' })
    await gateOf(engine)(bearer('a'))
    await gateOf(engine, { onUnknown: 'active', selectorsOnly: true })(bearer('a'))
    expect(asked).toEqual([
      ['a', undefined],
      ['a', { onUnknown: 'active', selectorsOnly: true }],
    ])
  })

  it('takes a closed engine for an outage, whatever the policy', async () => {
    const { engine } = engineOf({ a: new RevocadeError('ERR_CLOSED', 'closed') })
    expect(reasonOf(await gateOf(engine, { onUnknown: 'active' })(bearer('a')))).toBe('unknown')
  })

  it('lets a mistake in the set-up be an error', async () => {
    const mistake = new RevocadeError('ERR_TOKEN_NOT_IDENTIFIABLE', 'no jti')
    const { engine } = engineOf({ a: mistake })
    await expect(gateOf(engine)(bearer('a'))).rejects.toBe(mistake)
  })

  it('refuses claims that have expired, by its own tolerance', () => {
    const now = Date.now() / 1000
    const claims = ({ token }: Asked) => token
    const { engine } = engineOf({})
    const strict = gateOf(engine, { claims })
    const tolerant = gateOf(engine, { claims, clockToleranceSeconds: 60 })
    expect(
      [-61, -1, 60].map((s) => reasonOf(strict({ token: { jti: 'x', exp: now + s } }) as Decision)),
    ).toEqual(['expired', 'expired', 'allowed'])
    expect(
      [-61, -1].map((s) => reasonOf(tolerant({ token: { jti: 'x', exp: now + s } }) as Decision)),
    ).toEqual(['expired', 'allowed'])
  })

  it.each([['a string'], [[]], [7], [true]])('refuses claims that are no object: %j', async (token) => {
    const gate = gateOf(engineOf({}).engine, { claims: (request) => request.token, required: false })
    expect(reasonOf(await gate({ token }))).toBe('malformed')
  })

  it('checks verified claims as well, which an encrypted token hides', async () => {
    const { engine, asked } = engineOf({ inner: 'revoked', sealed: 'active' })
    const gate = gateOf(engine, { verify: () => ({ jti: 'inner' }) })
    expect(reasonOf(await gate(bearer('sealed')))).toBe('revoked')
    expect(asked).toContainEqual([{ jti: 'inner' }, { selectorsOnly: true }])
  })

  it.each([
    [new Error('jwt malformed'), 'invalid'],
    ['a string', 'invalid'],
    [Object.assign(new Error('x'), { status: 400 }), 'invalid'],
    [Object.assign(new Error('x'), { statusCode: 502 }), 'unknown'],
    [Object.assign(new Error('x'), { code: 'ERR_JWKS_TIMEOUT' }), 'unknown'],
    [Object.assign(new Error('x'), { code: 'ERR_JWKS_INVALID' }), 'unknown'],
    [Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' }), 'unknown'],
    [new TypeError('fetch failed'), 'unknown'],
    [new DOMException('late', 'TimeoutError'), 'unknown'],
    [new RevocadeError('ERR_REVOKED', 'the token was revoked'), 'revoked'],
    [new RevocadeError('ERR_UNAVAILABLE', 'nothing can decide'), 'unknown'],
  ])('judges what a verifier throws: %s is %s', async (thrown, reason) => {
    const verify = () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a verifier may throw anything
      throw thrown
    }
    expect(reasonOf(await gateOf(engineOf({}).engine, { verify })(bearer('a')))).toBe(reason)
  })

  it.each([
    new DOMException('Zero-length key is not supported', 'DataError'),
    new Error('secret or public key must be provided'),
    new Error('The key cannot be an empty string or buffer.'),
    new Error('The key option is required unless the only allowed algorithm is "none".'),
    Object.assign(new Error('The key option is missing.'), { code: 'FAST_JWT_MISSING_KEY' }),
  ])('blames no token where a verifier has no key: %s', async (thrown) => {
    // Nor is it a mistake in the set-up for sure: a forged `kid` is looked up too, and must end nothing.
    const verify = () => Promise.reject(thrown)
    const decided = await gateOf(engineOf({}).engine, { verify })(bearer('a'))
    expect(reasonOf(decided)).toBe('unknown')
    expect(decided).toMatchObject({ refusal: { status: 503 } })
  })

  it.each([{ a: '1' }, [{ jti: 'a' }], 7, true, new Map()].map((found) => [found]))(
    'refuses a token that is no text: %j',
    async (found) => {
      const { engine, asked } = engineOf({})
      const gate = gateOf(engine, { token: (request) => request.token as string, required: false })
      expect(reasonOf(await gate({ token: found }))).toBe('malformed')
      expect(asked).toEqual([])
    },
  )

  it('rejects with what is a mistake in the set-up of a verifier', async () => {
    const mistake = new RevocadeError('ERR_CONFIG', "unknown option 'url'")
    const gate = gateOf(engineOf({}).engine, { verify: () => Promise.reject(mistake) })
    await expect(Promise.resolve(gate(bearer('a')))).rejects.toBe(mistake)
  })

  it('refuses to accept expired tokens for longer than the engine knows their revocations', () => {
    const engine = { ...engineOf({}).engine, clockToleranceSeconds: 60 }
    expect(() => gateOf(engine, { clockToleranceSeconds: 60 })).not.toThrow()
    expect(() => gateOf(engine, { clockToleranceSeconds: 61 })).toThrow(
      ourError('ERR_CONFIG', "more than the engine's, 60"),
    )
  })

  it('refuses the result of a verifier handed over whole', async () => {
    const verify = () => ({ payload: { jti: 'a' }, protectedHeader: {} })
    const decided = Promise.resolve(gateOf(engineOf({}).engine, { verify })(bearer('a')))
    await expect(decided).rejects.toEqual(ourError('ERR_CONFIG', "option 'verify'"))
  })

  it.each([
    [{ requierd: false }, "did you mean 'required'"],
    [{ onUnknown: 'pass' }, 'onUnknown'],
    [{ realm: 'a"b' }, 'realm'],
    [{ realm: 'a\nb' }, 'realm'],
    [{ clockToleranceSeconds: -1 }, 'clockToleranceSeconds'],
    [{ token: 'x' }, "'token' must be a function"],
    [{ claims: () => ({}), verify: () => ({}) }, "option 'claims'"],
  ])('refuses the options %j', (options, message) => {
    expect(() => gateOf(engineOf({}).engine, options as GuardOptions<Asked>)).toThrow(
      ourError('ERR_CONFIG', message),
    )
  })

  it('refuses what is no engine', () => {
    for (const wrong of [undefined, null, {}, Promise.resolve(engineOf({}).engine)])
      expect(() => gateOf(wrong as never)).toThrow(ourError('ERR_CONFIG', 'await createRevocade()'))
  })

  it.each(['jti', 'exp'])('refuses claims whose %s throws when it is read', async (name) => {
    const claims = Object.defineProperty({ jti: 'a' }, name, {
      get: () => {
        throw new Error('no')
      },
    })
    const engine = await open({ store: new MemoryStore() })
    expect(reasonOf(await gateOf(engine, { verify: () => claims })(bearer('a')))).toBe('malformed')
    expect(reasonOf(await gateOf(engine, { claims: () => claims })(bearer('a')))).toBe('malformed')
  })
})

describe('a RefusedRequest', () => {
  it('holds nothing of a token', () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`
    const challenge = { scheme: 'Bearer', realm: 'r' } as const
    const refusal = new RefusedRequest('invalid', challenge, new Error(`can not verify ${token}`))
    expect(inspect({ refusal, message: refusal.message })).not.toContain('eyJ')
    expect(refusal.cause).toMatchObject({ message: 'can not verify <token>' })
    const claims = { email: 'alice@private.example' }
    const inner = Object.assign(new Error('expired', { cause: { payload: claims } }), { payload: claims })
    const outer = Object.assign(new Error('refused', { cause: inner }), { code: 'ERR_X', claims })
    const expired = new RefusedRequest('expired', challenge, outer)
    expect(inspect(expired, { depth: null })).not.toContain('alice')
    expect(expired.cause).toMatchObject({ message: 'refused', code: 'ERR_X', cause: { message: 'expired' } })
    expect(refusal).toBeInstanceOf(RefusedRequest)
    expect(new Error('x')).not.toBeInstanceOf(RefusedRequest)
  })
})
