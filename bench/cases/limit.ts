import { createRevocade } from '#dist/index.js'
import { BloomPrefilter } from '#dist/prefilter/bloom.js'
import { TokenDigester } from '#dist/token/identify.js'
import { EmptyFunction, MemoryCopy } from '../engines/baselines.js'
import {
  BareAwait,
  BareClock,
  BareDigest,
  BareProbe,
  ClockThenProbe,
  DigestThenClock,
  PartsInOneLoop,
} from '../engines/check-components.js'
import {
  assertAnswers,
  AwaitedIsRevoked,
  IsClearlyActive,
  IsRevoked,
  sharedNo,
} from '../engines/engine-workloads.js'
import { interleave, measurements, of, type Timed } from '../harness/measure.js'
import { assertAnswer, atMost, type Case, type Context, type Row } from '../harness/types.js'
import { freshClaims } from '../inputs/claims.js'
import { Random } from '../inputs/random.js'
import { revokedClaims, storeFile } from '../inputs/store-file.js'
import { sizesOf } from './sizes.js'

const LINE = 'copy of a cache line'
const TOKEN = "copy of a token's claims"

async function run(context: Context): Promise<Row[]> {
  const { entries: size, rounds } = sizesOf('limit', context.scale)
  const random = new Random(context.seed, 'limit')
  await using engine = await createRevocade({ store: await storeFile(context, size) })
  await assertAnswers(engine, revokedClaims(context, Math.min(1000, size)), random)

  const { capacity, entries } = engine.stats().prefilter
  const filter = BloomPrefilter.create(capacity, 1e-4)
  const digest = new Int32Array(4)
  while (filter.entries < entries) filter.add(random.fill(digest))
  const digester = new TokenDigester({
    key: new Uint8Array(16),
    namespace: 'default',
    idClaims: ['jti'],
    maxTokenBytes: 16_384,
  })
  // Not signed and not in Base64: the least that a verifier has had in its hands.
  const tokenBytes = Buffer.byteLength(JSON.stringify(freshClaims(random)))
  const timings = await interleave(
    [
      new EmptyFunction(),
      new MemoryCopy(LINE, 64),
      new MemoryCopy(TOKEN, tokenBytes),
      new BareDigest(random, digester),
      new BareClock(),
      new BareProbe(random, filter),
      new BareAwait(),
      new DigestThenClock(random, digester),
      new ClockThenProbe(random, filter),
      new PartsInOneLoop(random, digester, filter),
      new IsClearlyActive(random, engine),
      new IsRevoked(random, engine, sharedNo(engine, random)),
      new AwaitedIsRevoked(random, engine),
    ],
    {
      rounds,
      batch: 512,
      between: () => assertAnswer(engine.stats().lease.live, 'the lease ran out'),
    },
  )
  context.record(measurements(timings, size))
  return rowsOf(timings, tokenBytes)
}

function rowsOf(timings: ReadonlyMap<string, Timed>, tokenBytes: number): Row[] {
  const p50 = (name: string): number => of(timings, name).p50
  const ns = (name: string): string => p50(name).toFixed(0)
  const parts = p50('digest') + p50('clock') + p50('probe')
  const sum = `digest ${ns('digest')} + clock ${ns('clock')} + probe ${ns('probe')} ns`
  // Each of the two reads the clock as well, a check once.
  const [digestAlone, probeAlone] = [
    p50('digest, then clock') - p50('clock'),
    p50('clock, then probe') - p50('clock'),
  ]
  const waitedFor = digestAlone + p50('clock') + probeAlone
  const against = (name: string): Row => ({
    what: `${name} ÷ its parts`,
    value: p50(name) / parts,
    unit: 'x',
    target: atMost(1.3),
    from: `${ns(name)} ns ÷ (${sum})`,
  })
  const inOneLoop = p50('parts in one loop')
  const awaited = p50('await isRevoked')
  const floor = (name: string, about = ''): Row => ({
    what: `isClearlyActive ÷ ${name}`,
    value: p50('isClearlyActive') / p50(name),
    unit: 'x',
    from: `${ns('isClearlyActive')} ns ÷ ${p50(name).toFixed(1)} ns${about}`,
  })
  return [
    against('isClearlyActive'),
    against('isRevoked'),
    {
      what: 'isClearlyActive ÷ its parts, each waited for',
      value: p50('isClearlyActive') / waitedFor,
      unit: 'x',
      target: atMost(1.3),
      from:
        `${ns('isClearlyActive')} ns ÷ ` +
        `(digest ${digestAlone.toFixed(0)} + clock ${ns('clock')} + probe ${probeAlone.toFixed(0)} ns)`,
    },
    {
      what: 'isClearlyActive ÷ its parts by hand in one loop',
      value: p50('isClearlyActive') / inOneLoop,
      unit: 'x',
      from: `${ns('isClearlyActive')} ns ÷ ${inOneLoop.toFixed(0)} ns`,
    },
    {
      what: 'await isRevoked ÷ its parts and a bare await',
      value: awaited / (parts + p50('await of a resolved promise')),
      unit: 'x',
      from: `${awaited.toFixed(0)} ns; a bare await ${ns('await of a resolved promise')} ns`,
    },
    floor('digest'),
    floor('clock'),
    floor('probe'),
    floor('empty function', ', called through a table'),
    floor(LINE, ', 64 bytes by TypedArray.set'),
    floor(TOKEN, `, ${tokenBytes} bytes of JSON`),
  ]
}

export const limit: Case = {
  name: 'limit',
  title: 'What a check can cost at the least, 1 M live revocations in SQLite',
  run,
}
