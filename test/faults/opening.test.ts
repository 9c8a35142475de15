import { join } from 'node:path'
import { expect, it } from 'vitest'
import { open, verdict } from '../support/engine.js'
import { scaled } from '../support/scale.js'
import { temporaryDirectory } from '../support/temp.js'
import { TOMORROW } from '../support/time.js'
import { Host } from './host.js'

const ROUNDS = scaled(6)

it(
  'processes that open a new store at the same time make one store',
  async () => {
    const hosts = await Promise.all(Array.from({ length: 5 }, () => Host.start()))
    for (let round = 0; round < ROUNDS; round++) {
      const store = join(temporaryDirectory(), 'store.db')
      await Promise.all(hosts.map((host) => host.open({ store, maxStalenessMs: 0 })))
      const tokens = hosts.map((_, i) => ({ jti: `t${i}`, exp: TOMORROW }))
      const numbers = await Promise.all(hosts.map((host, i) => host.revoke({ jti: `t${i}`, exp: TOMORROW })))
      expect(numbers.toSorted()).toEqual([1, 2, 3, 4, 5])
      for (const host of hosts) expect(await host.verdicts(tokens)).toEqual(tokens.map(() => 'revoked'))
      await Promise.all(hosts.map((host) => host.close()))
      const later = await open({ store })
      for (const token of tokens) expect(await verdict(later, token)).toBe('revoked')
      await later.close()
    }
  },
  60_000 + ROUNDS * 5000,
)
