import { setImmediate } from 'node:timers/promises'
import type { DecidedBy, Revocade, TokenClaims } from '#dist/index.js'
import { interleave, measurements, of, type Workload } from '../../harness/measure.js'
import { assertAnswer, atMost, type Context, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { sizesOf } from '../sizes.js'
import { type Attacked, parse, tokens } from './attacked.js'
import { type Caused, causedBy, inWords } from './caused.js'

const BATCH = 512

/** The same token again and again, each time parsed anew. */
class Replay implements Workload {
  readonly name: string
  protected readonly engine: Revocade
  protected claims: TokenClaims[] = []
  readonly #json: string
  readonly #revoked: boolean

  constructor(name: string, engine: Revocade, json: string, revoked: boolean) {
    this.name = name
    this.engine = engine
    this.#json = json
    this.#revoked = revoked
  }

  prepare(count: number): void {
    this.claims = Array.from({ length: count }, () => parse(this.#json))
  }

  async run(): Promise<number> {
    let right = 0
    for (const claims of this.claims) if ((await this.engine.isRevoked(claims)) === this.#revoked) right++
    return right
  }
}

/**
 * Somebody sends one token again and again: a false positive of the filter, or a revoked one. The first check
 * asks Redis or the store; later ones find the verdict in the cache.
 */
export async function replay(context: Context, on: Attacked): Promise<Row[]> {
  const { engine, server, way } = on
  const stolen = freshClaims(on.random)
  await engine.revoke(stolen)
  const [unlucky = ''] = tokens(on, 1, false)
  const [ordinary = ''] = tokens(on, 1, true)

  const first = async (claims: TokenClaims, by: DecidedBy, status: 'active' | 'revoked'): Promise<Caused> =>
    causedBy(async () => {
      const verdict = await engine.check(claims)
      assertAnswer(
        verdict.status === status && verdict.decidedBy === by,
        `at first it is ${verdict.status} by ${verdict.decidedBy}`,
      )
    }, on)
  const unluckyFirst = await first(parse(unlucky), server === undefined ? 'store' : 'redis', 'active')
  const stolenFirst = await first(stolen, 'store', 'revoked')

  const names = {
    plain: 'one that the filter rules out',
    unlucky: 'a replayed false positive',
    stolen: 'a replayed revoked token',
  }
  const { replays, replayRounds: rounds } = sizesOf('adversary', context.scale)
  const plain = new Replay(names.plain, engine, ordinary, false)
  const replayed = [
    new Replay(names.unlucky, engine, unlucky, false),
    new Replay(names.stolen, engine, JSON.stringify(stolen), true),
  ]
  const next = await causedBy(async () => {
    for (const one of replayed) await send(one, replays)
  }, on)
  const timed = await interleave([plain, ...replayed], { rounds, batch: BATCH })
  context.record(measurements(new Map([...timed].map(([name, one]) => [`${name}, ${way}`, one])), on.entries))

  const [none, one] = server === undefined ? [1, 0] : [0, 1]
  const caused = (what: string, by: Caused, most: number): Row => ({
    what: `${what}, ${way}: store reads and Redis commands`,
    value: by.reads + by.commands,
    unit: '',
    target: atMost(most),
    from: inWords(by),
  })
  const cost = (name: string, most?: number): Row => {
    const [mine, plain] = [of(timed, name).p50, of(timed, names.plain).p50]
    return {
      what: `a check of ${name}, ${way} ÷ ${names.plain}`,
      value: mine / plain,
      unit: 'x',
      ...(most === undefined ? {} : { target: atMost(most) }),
      from: `${mine.toFixed(0)} ns ÷ ${plain.toFixed(0)} ns, each answer awaited`,
    }
  }
  return [
    caused('a false positive, the first check', unluckyFirst, none + one),
    caused('a revoked token, the first check', stolenFirst, 1 + one),
    caused(`the next ${(2 * replays).toLocaleString('en')} checks of these`, next, 0),
    cost(names.unlucky),
    cost(names.stolen, 3),
  ]
}

async function send(workload: Replay, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += BATCH) {
    const some = Math.min(BATCH, count - sent)
    workload.prepare(some)
    assertAnswer((await workload.run()) === some, workload.name)
    await setImmediate()
  }
}
