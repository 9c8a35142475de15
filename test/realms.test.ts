import { createContext, runInContext } from 'node:vm'
import { createRevocade, RevocadeError } from 'revocade'
import { describe, expect, it } from 'vitest'
import { isPromise } from '#dist/ports/is-promise.js'
import { MemoryStore } from '#dist/testing/index.js'
import { temporaryDirectory } from './support/temp.js'

// A test runner may load the test and the package into different realms, each with its own Date, Promise and
// Error.
const realm = createContext({})
const foreign = (code: string, values: object = {}): unknown =>
  runInContext(code, Object.assign(realm, values))

describe('instanceof RevocadeError', () => {
  it('holds for an error of another realm, by name and code', () => {
    const error = foreign(
      "Object.assign(new Error('closed'), { name: 'RevocadeError', code: 'ERR_CLOSED', statusCode: 503 })",
    )
    expect(error instanceof Error).toBe(false)
    expect(error instanceof RevocadeError).toBe(true)
    expect(new RevocadeError('ERR_CLOSED', 'closed') instanceof RevocadeError).toBe(true)
  })

  it('holds for nothing else', () => {
    class Own extends RevocadeError {}
    const none = [
      new Error('x'),
      { name: 'RevocadeError' },
      { code: 'ERR_CLOSED' },
      null,
      undefined,
      'RevocadeError',
    ]
    expect(none.filter((value) => value instanceof RevocadeError)).toEqual([])
    expect(new RevocadeError('ERR_CLOSED', 'closed') instanceof Own).toBe(false)
    expect(new Own('ERR_CLOSED', 'closed') instanceof RevocadeError).toBe(true)
  })
})

describe('an engine', () => {
  it('takes a Date and a secret of another realm', async () => {
    await using revocade = await createRevocade({
      store: `${temporaryDirectory()}/revocade.db`,
      secret: foreign('new Uint8Array(32).fill(7)') as Uint8Array,
    })
    const expiresAt = foreign('new Date(time)', { time: Date.now() + 60_000 }) as Date
    expect(expiresAt instanceof Date).toBe(false)
    await revocade.revoke({ jti: 'a' }, { expiresAt })
    expect(await revocade.isRevoked({ jti: 'a' })).toBe(true)
  })

  it.each([
    ['of another realm', (value: unknown) => foreign('(async () => value)()', { value })],
    [
      'of another library',
      (value: unknown) => {
        const native = Promise.resolve(value)
        return { then: native.then.bind(native) }
      },
    ],
  ])('waits for a store whose promises are %s', async (_, promise) => {
    const store = new MemoryStore()
    const later = <T>(answer: T): Promise<T> => promise(answer) as Promise<T>
    const read = store.get.bind(store)
    const poll = store.poll.bind(store)
    store.get = (digest) => later(read(digest)) as unknown as ReturnType<typeof read>
    store.poll = (...args) => later(poll(...args)) as unknown as ReturnType<typeof poll>
    await using revocade = await createRevocade({ store, clockToleranceSeconds: 0 })
    await revocade.revoke({ jti: 'a', exp: Math.floor(Date.now() / 1000) + 60 })
    expect(await revocade.check({ jti: 'a' })).toMatchObject({ status: 'revoked', decidedBy: 'store' })
    expect(await revocade.isRevoked({ jti: 'b' })).toBe(false)
  })
})

describe('isPromise', () => {
  it('goes by the shape', () => {
    expect(isPromise(foreign('Promise.resolve()'))).toBe(true)
    for (const value of [null, undefined, 1, 'then', {}, { then: 1 }]) expect(isPromise(value)).toBe(false)
  })
})
