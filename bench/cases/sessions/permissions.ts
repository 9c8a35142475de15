import { join } from 'node:path'
import { LRUCache } from 'lru-cache'
import { createRevocade, type Revocade, type TokenClaims } from '#dist/index.js'
import { createPermissions } from '#dist/permissions/index.js'
import { interleave, measurements, of, type Workload } from '../../harness/measure.js'
import { atMost, type Case, type Context, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { Random } from '../../inputs/random.js'
import { inputs } from '../../inputs/store-file.js'
import { sizesOf } from '../sizes.js'

type Load = (claims: TokenClaims) => unknown

/** Asks for the permissions of users in turn. Claims are new objects, as a verifier returns them. */
class Asking implements Workload {
  readonly name: string
  readonly #json: readonly string[]
  readonly #ask: Load
  #at = 0
  #claims: TokenClaims[] = []

  constructor(name: string, json: readonly string[], ask: Load) {
    this.name = name
    this.#json = json
    this.#ask = ask
  }

  prepare(count: number): void {
    this.#claims = Array.from(
      { length: count },
      () => JSON.parse(this.#json[this.#at++ % this.#json.length] ?? '') as TokenClaims,
    )
  }

  async run(): Promise<number> {
    let right = 0
    for (const claims of this.#claims) if ((await this.#ask(claims)) !== undefined) right++
    return right
  }
}

async function run(context: Context): Promise<Row[]> {
  const { entries, users, rounds, batch } = sizesOf('permissions', context.scale)
  const random = new Random(context.seed, 'permissions')
  await using engine = await createRevocade({
    store: join(context.directory, 'permissions.db'),
    snapshot: false,
  })
  await engine.revokeMany(inputs(context, entries))
  const json = Array.from({ length: users }, () => JSON.stringify(freshClaims(random)))
  const roles = ['read', 'write']
  const permissions = createPermissions(engine, { load: () => roles, max: users, ttlSeconds: 3600 })
  const cache = new LRUCache<string, object>({ max: users, ttl: 3_600_000 })
  for (const one of json) {
    const claims = JSON.parse(one) as TokenClaims
    await permissions.get(claims)
    cache.set(String(claims.sub), roles)
  }
  const bare: Load = (claims) => cache.get(String(claims.sub))
  const timings = await interleave(
    [
      new Asking('permissions.get', json, (claims) => permissions.get(claims)),
      new Asking('lru-cache get, isRevoked', json, checked(engine, bare)),
      new Asking(
        'permissions.get, isRevoked',
        json,
        checked(engine, (claims) => permissions.get(claims)),
      ),
    ],
    { rounds, batch },
  )
  context.record(measurements(timings, entries))
  const row = (name: string, ours: string): Row => {
    const [hit, base] = [of(timings, ours).p50, of(timings, 'lru-cache get, isRevoked').p50]
    return {
      what: name,
      value: hit / base,
      unit: 'x',
      target: atMost(2),
      from: `${hit.toFixed(0)} ÷ ${base.toFixed(0)} ns`,
    }
  }
  return [
    row('permissions.get(), a hit ÷ a bare lru-cache get and a check', 'permissions.get'),
    row('a hit and a check ÷ a bare lru-cache get and a check', 'permissions.get, isRevoked'),
  ]
}

/** First the check, then the permissions, as a request does. */
const checked =
  (engine: Revocade, load: Load): Load =>
  async (claims) =>
    (await engine.isRevoked(claims)) ? undefined : load(claims)

export const permissions: Case = { name: 'permissions', title: 'Permissions that are kept', run }
