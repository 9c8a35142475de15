import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Committed, Mutation, Position, RevocationStore } from '#dist/ports/index.js'
import { RedisStore } from '#dist/store/redis/index.js'
import { MemoryStore } from '#dist/testing/index.js'
import {
  collect,
  follow,
  NOW,
  openStore,
  read,
  revoke,
  selector,
  unrevoke,
} from '#dist/testing/store/fixtures.js'
import { type RedisServer, startRedis } from '../support/redis/server.js'
import { histories } from '../support/scale.js'

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''] })
})
afterAll(() => redis.stop())

const DIGESTS = 70
const START: Position = { seq: 0, epoch: '' }
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined })

const details = fc.record({
  n: fc.oneof(fc.nat(4), fc.nat(DIGESTS - 1)),
  lives: fc.nat(40),
  at: fc.nat(30),
  before: optional(fc.nat(9)),
  through: optional(fc.nat(9)),
  start: optional(fc.nat(40)),
  reason: optional(fc.string({ unit: 'binary', maxLength: 40 })),
  actor: optional(fc.oneof(fc.constant('ann'), fc.constant('x'.repeat(700)))),
})

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: details.map(({ n, lives, at, before, through, start, reason, actor }) =>
      revoke(n, {
        expiresAt: NOW / 1000 + lives,
        revokedAt: NOW + at * 1000,
        ...(n % 7 === 0 ? selector({ sub: `u${n}` }) : {}),
        ...(through === undefined ? {} : { issuedThrough: NOW / 1000 + through }),
        ...(before === undefined ? {} : { issuedBefore: NOW + before }),
        ...(start === undefined ? {} : { notBefore: NOW + start * 1000 }),
        ...(reason === undefined ? {} : { reason }),
        ...(actor === undefined ? {} : { actor }),
      }),
    ),
  },
  { weight: 1, arbitrary: details.map(({ n, at }) => unrevoke(n, NOW + at * 1000)) },
)

const step = fc.record({
  writer: fc.nat(1),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 60 }),
  limit: fc.integer({ min: 1, max: 50 }),
})

let runs = 0

/** Two stores on one place. */
async function pair(make: () => RevocationStore): Promise<readonly [RevocationStore, RevocationStore]> {
  const context = { clockToleranceSeconds: 5, buckets: true }
  return [(await openStore(make(), context)).store, (await openStore(make(), context)).store]
}

it('the store answers as the store in memory does, whatever is written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const place = `${redis.url}?durability=trust&prefix=model-${runs++}`
      const actual = await pair(() => new RedisStore(place))
      const memory = new MemoryStore()
      const expected = await pair(() => new MemoryStore(memory))
      let position = START
      const followed = new Map<string, number>()
      try {
        for (const { writer, mutations, limit } of steps) {
          const ours = await actual[writer === 0 ? 0 : 1].write(mutations)
          const theirs = await expected[writer === 0 ? 0 : 1].write(mutations)
          expect(stored(ours, mutations)).toEqual(stored(theirs, mutations))
          const news = await follow(actual[0], position, limit)
          position = news.position
          for (const { digest, seq } of news.changes) followed.set(digest.join(), seq)
        }
        for (let n = 0; n < DIGESTS; n++) expect(await read(actual[0], n)).toEqual(await read(expected[0], n))
        const query = { afterSeq: 0, limit: 1000 }
        const rows = await expected[0].list(query)
        expect(await actual[1].list(query)).toEqual(rows)
        expect([...followed.values()].sort((a, b) => a - b)).toEqual(rows.map(({ seq }) => seq))
        const [ours, theirs] = await Promise.all(
          [actual, expected].map(([one]) => collect(one.scan(NOW / 1000 + 9))),
        )
        expect(ours?.live).toEqual(theirs?.live)
        expect(ours?.end.selectors.length).toEqual(theirs?.end.selectors.length)
      } finally {
        for (const store of [...actual, ...expected]) await store.close()
      }
    }),
    histories(60),
  )
})

/** Without what is not defined: the expiry where nothing was changed, the start of what is taken back. */
const stored = ({ written }: Committed, mutations: readonly Mutation[]): unknown[] =>
  written.map(({ seq, expiresAt, already, notBefore }, i) =>
    seq === 0 ? seq : [seq, expiresAt, already, mutations[i]?.op === 'revoke' ? notBefore : undefined],
  )
