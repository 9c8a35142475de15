import type { RevocadeOptions } from 'revocade'
import { createPermissions } from 'revocade/permissions'
import { expect } from 'vitest'
import { open } from '../support/engine.js'
import { until } from '../support/time.js'
import { Database, USER } from './world.js'

/**
 * An invalidation travels from one engine to another and back, and is no revocation: nothing shows its row.
 *
 * @param options - of the store; a function makes them for each engine
 */
export async function travels(options: () => RevocadeOptions): Promise<void> {
  const [one, other] = [await open(options()), await open(options())]
  const database = new Database()
  const [here, there] = [one, other].map((engine) => createPermissions(engine, { load: database.load }))
  await one.revoke({ jti: 'revoked', exp: 1_900_000_000 })
  for (let n = 1; n <= 6; n++) {
    const [from, to] = n % 2 === 0 ? [here, there] : [there, here]
    await until('the value is kept', async () => {
      const before = database.loads
      await to?.get(USER)
      return database.loads === before
    })
    database.version = n
    const { seq } = (await from?.invalidate({ sub: 'u' })) ?? {}
    expect(seq).toBe(1 + 2 * n)
    expect(await from?.get(USER)).toBe(n)
    await until('the other engine has heard of it', async () => (await to?.get(USER)) === n)
  }
  const listed = []
  for await (const { target } of one.list({ includeExpired: true })) listed.push(target)
  expect(listed).toEqual([{ kind: 'id', claim: 'jti', id: 'revoked' }])
  const third = await open(options())
  for (const engine of [one, other, third]) {
    expect(engine.stats().prefilter.entries).toBe(1)
    expect(engine.stats().selectors).toEqual({ live: [], notHonoured: [] })
    expect(engine.stats().store.seq).toBe(13)
  }
}
