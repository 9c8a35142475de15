import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Mutation, Position } from '#dist/ports/index.js'
import type { SqliteStore } from '#dist/store/sqlite/index.js'
import {
  collect,
  digestOf,
  follow,
  id,
  NOW,
  revoke,
  unrevoke,
  wordsOf,
} from '#dist/testing/store/fixtures.js'
import { open } from '../support/sqlite.js'
import { temporaryDirectory } from '../support/temp.js'

interface ModelRow {
  readonly seq: number
  readonly revoked: boolean
  readonly expiresAt: number
  readonly through: number
  readonly reason: string | undefined
}

/** A store so simple that it is unlikely to be wrong. */
class Model {
  readonly rows = new Map<string, ModelRow>()
  seq = 0

  apply(mutation: Mutation): number {
    const key = id(mutation.digest)
    const old = this.rows.get(key)
    const live = old?.revoked === true && old.expiresAt * 1000 > mutation.revokedAt ? old : undefined
    if (mutation.op === 'revoke') {
      this.rows.set(key, { ...merged(mutation, live), seq: ++this.seq, revoked: true })
      return this.seq
    }
    if (live === undefined) return 0
    this.rows.set(key, { ...live, seq: ++this.seq, revoked: false })
    return this.seq
  }
}

const merged = (
  mutation: Mutation & { op: 'revoke' },
  live: ModelRow | undefined,
): Omit<ModelRow, 'seq' | 'revoked'> => ({
  expiresAt: Math.max(mutation.expiresAt, live?.expiresAt ?? 0),
  through: Math.max(mutation.issuedThrough ?? Infinity, live?.through ?? 0),
  reason: mutation.reason ?? live?.reason,
})

const DIGESTS = 6
const second = NOW / 1000

const mutation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        n: fc.nat(DIGESTS - 1),
        lives: fc.nat(40),
        at: fc.nat(30),
        through: fc.option(fc.nat(9), { nil: undefined }),
        reason: fc.option(fc.string({ unit: 'grapheme', maxLength: 9 }), { nil: undefined }),
      })
      .map(({ n, lives, at, through, reason }) =>
        revoke(n, {
          expiresAt: second + lives,
          revokedAt: NOW + at * 1000,
          ...(through === undefined ? {} : { issuedThrough: second + through }),
          ...(reason === undefined ? {} : { reason }),
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ n: fc.nat(DIGESTS - 1), at: fc.nat(30) })
      .map(({ n, at }) => unrevoke(n, NOW + at * 1000)),
  },
)

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      writer: fc.nat(1),
      writes: fc.array(fc.array(mutation, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('poll' as const), limit: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)

/** Every digest has the row of the model. */
function expectRows(store: SqliteStore, model: Model): void {
  for (let n = 0; n < DIGESTS; n++) {
    const row = store.get(wordsOf(digestOf(n)))
    const expected = model.rows.get(id(digestOf(n)))
    expect(row && [row.seq, row.revoked, row.expiresAt, row.issuedThrough ?? Infinity, row.reason]).toEqual(
      expected && [expected.seq, expected.revoked, expected.expiresAt, expected.through, expected.reason],
    )
  }
}

it('the store answers as a plain map would, and a follower ends up equal', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const path = join(temporaryDirectory(), 'store.db')
      const model = new Model()
      let stores = [await open(path), await open(path)] as const
      const followed = new Map<string, [seq: number, revoked: boolean, expiresAt: number]>()
      let position: Position = { seq: 0, epoch: '' }
      const poll = async (limit: number): Promise<void> => {
        const news = await follow(stores[0], position, limit)
        position = news.position
        let last = 0
        for (const { digest, seq, revoked, expiresAt } of news.changes) {
          expect(seq).toBeGreaterThan(last)
          last = seq
          followed.set(id(digest), [seq, revoked, expiresAt])
        }
      }
      for (const action of steps) {
        if (action.do === 'poll') await poll(action.limit)
        if (action.do === 'write') {
          const writer = stores[action.writer === 0 ? 0 : 1]
          const commits = await Promise.all(action.writes.map((mutations) => writer.write(mutations)))
          for (const [i, mutations] of action.writes.entries()) {
            expect(commits[i]?.written.map(({ seq }) => seq)).toEqual(
              mutations.map((one) => model.apply(one)),
            )
          }
        }
        if (action.do === 'reopen') {
          for (const store of stores) await store.close()
          stores = [await open(path), await open(path)]
        }
      }
      await poll(2)
      expect(position.seq).toBe(model.seq)
      expect(new Map([...followed].sort())).toEqual(
        new Map(
          [...model.rows]
            .map(([key, { seq, revoked, expiresAt }]) => [key, [seq, revoked, expiresAt]] as const)
            .sort(),
        ),
      )
      expectRows(stores[1], model)
      const { live, end } = await collect(stores[1].scan(second + 10))
      expect(end.position).toEqual(position)
      expect(new Map([...live].sort())).toEqual(
        new Map(
          [...model.rows]
            .filter(([, row]) => row.revoked && row.expiresAt > second + 10)
            .map(([key, row]) => [key, row.expiresAt] as const)
            .sort(),
        ),
      )
      for (const store of stores) await store.close()
    }),
    { numRuns: 20 },
  )
})
