import fc from 'fast-check'
import { createPermissions, type Permissions } from 'revocade/permissions'
import { MemoryStore } from 'revocade/testing'
import { createVerifier } from 'revocade/verify'
import { expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { histories } from '../support/scale.js'

// JavaScript has no types: anything may come, as a token, claims or options.

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
})

/** Values that are nearly right, in the places where they are read. */
const nearly = fc.oneof(
  anything,
  fc.string({ unit: 'binary' }),
  fc.record(
    { sub: anything, kid: anything, iss: anything, exp: anything, ack: anything, other: anything },
    { requiredKeys: [] },
  ),
)

const CODES = ['ERR_INVALID_TOKEN', 'ERR_TOKEN_NOT_IDENTIFIABLE', 'ERR_CONFIG', 'fine']

/** The code of what a call throws or rejects with; 'fine' where it does not. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return 'fine'
  } catch (error) {
    expect(error).toMatchObject({ name: 'RevocadeError' })
    return typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  }
}

it('a verifier takes anything for a token or a query: a coded error, and nothing is written', async () => {
  const store = new MemoryStore()
  const engine = await open({ store, maxTokenLifetimeSeconds: 3600 })
  let verified = 0
  const verify = (): object => {
    verified++
    return { jti: 'a', exp: 4e9 }
  }
  const verifier: ((token: unknown) => unknown) & { readonly forget: (query: unknown) => unknown } =
    createVerifier(engine, { verify }) as never
  await fc.assert(
    fc.asyncProperty(nearly, async (value) => {
      const before = verified
      expect(CODES).toContain(await outcome(() => verifier(value)))
      if (typeof value !== 'string') expect(verified).toBe(before)
      for (const query of [value, { kid: value }]) {
        const { seq } = engine.stats().store
        const forgot = await outcome(() => verifier.forget(query))
        expect(CODES).toContain(forgot)
        expect(engine.stats().store.seq > seq).toBe(forgot === 'fine')
      }
    }),
    histories(300),
  )
})

it('permissions take anything for claims or a selector: a coded error, and nothing is written', async () => {
  const engine = await open({ store: new MemoryStore(), maxTokenLifetimeSeconds: 3600 })
  let loads = 0
  const load = ({ sub }: { readonly sub: string }): string => {
    loads++
    return sub
  }
  const permissions: Record<keyof Permissions<unknown>, (...values: unknown[]) => Promise<unknown>> =
    createPermissions(engine, { load }) as never
  await fc.assert(
    fc.asyncProperty(nearly, nearly, async (value, other) => {
      const before = loads
      const got = await outcome(() => permissions.get(value))
      expect(CODES).toContain(got)
      if (got !== 'fine') expect(loads).toBe(before)
      for (const call of [
        () => permissions.invalidate(value),
        () => permissions.invalidate({ sub: value }),
        () => permissions.invalidate({ sub: 'u' }, other),
      ]) {
        const { seq: was } = engine.stats().store
        const done = await outcome(call)
        expect(CODES).toContain(done)
        expect(engine.stats().store.seq > was).toBe(done === 'fine')
      }
    }),
    histories(200),
  )
})

it('options of every type and form are refused with ERR_CONFIG, or taken', async () => {
  const engine = await open({ store: new MemoryStore(), maxTokenLifetimeSeconds: 3600 })
  const options = fc.record(
    {
      verify: fc.oneof(
        fc.constant(() => ({})),
        anything,
      ),
      load: fc.oneof(
        fc.constant(() => 1),
        anything,
      ),
      by: fc.oneof(fc.array(fc.string(), { maxLength: 4 }), anything),
      ttlSeconds: fc.oneof(fc.double(), anything),
      max: fc.oneof(fc.integer(), anything),
      name: fc.oneof(fc.string(), anything),
      kid: anything,
      other: anything,
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.oneof(options, anything), async (given) => {
      for (const create of [
        () => void createVerifier(engine, given as never),
        () => void createPermissions(engine, given as never),
      ])
        expect(['ERR_CONFIG', 'fine']).toContain(await outcome(create))
    }),
    histories(300),
  )
})
