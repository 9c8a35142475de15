import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { createRevocade } from '#dist/index.js'
import { createVerifier } from '#dist/verify/index.js'
import { Verify } from '../../engines/verifiers.js'
import { interleave, measurements, of } from '../../harness/measure.js'
import { atLeast, type Case, type Context, type Row } from '../../harness/types.js'
import { freshClaims } from '../../inputs/claims.js'
import { es256Keys } from '../../inputs/malleable-tokens.js'
import { Random } from '../../inputs/random.js'
import { inputs } from '../../inputs/store-file.js'
import { TokenPool } from '../../inputs/tokens.js'
import { sizesOf } from '../sizes.js'

/** A verified-token hit asks the engine each time; verifying again does not. */
async function run(context: Context): Promise<Row[]> {
  const { entries, tokens, rounds, batch } = sizesOf('verified', context.scale)
  const random = new Random(context.seed, 'verified')
  await using engine = await createRevocade({
    store: join(context.directory, 'verified.db'),
    snapshot: false,
  })
  await engine.revokeMany(inputs(context, entries))
  const es256 = es256Keys()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const signed = (sign: typeof rsa.privateKey, algorithm: 'ES256' | 'RS256'): TokenPool =>
    new TokenPool(
      Array.from({ length: tokens }, () => jsonwebtoken.sign(freshClaims(random), sign, { algorithm })),
    )
  const [ofJose, ofJsonwebtoken] = [signed(es256.sign, 'ES256'), signed(rsa.privateKey, 'RS256')]
  const withJose = async (token: string): Promise<unknown> =>
    (await jwtVerify(token, es256.verify, { algorithms: ['ES256'] })).payload
  const withJsonwebtoken = (token: string): unknown =>
    jsonwebtoken.verify(token, rsa.publicKey, { algorithms: ['RS256'] })
  const kept = createVerifier(engine, { verify: withJose, max: tokens, ttlSeconds: 3600 })
  const keptToo = createVerifier(engine, { verify: withJsonwebtoken, max: tokens, ttlSeconds: 3600 })
  for (let i = 0; i < tokens; i++) {
    await kept(ofJose.fresh(i).token)
    await keptToo(ofJsonwebtoken.fresh(i).token)
  }
  const timings = await interleave(
    [
      new Verify('verified, ES256', ofJose, (token) => kept(token)),
      new Verify('jose ES256', ofJose, withJose),
      new Verify('verified, RS256', ofJsonwebtoken, (token) => keptToo(token)),
      new Verify('jsonwebtoken RS256', ofJsonwebtoken, withJsonwebtoken),
    ],
    { rounds, batch },
  )
  context.record(measurements(timings, entries))
  const row = (verifier: string, ours: string, least: number): Row => {
    const [theirs, hit] = [of(timings, verifier).p50, of(timings, ours).p50]
    return {
      what: `${verifier} ÷ a hit, the engine asked`,
      value: theirs / hit,
      unit: 'x',
      target: atLeast(least),
      from: `${(theirs / 1000).toFixed(1)} ÷ ${(hit / 1000).toFixed(2)} µs`,
    }
  }
  return [row('jose ES256', 'verified, ES256', 40), row('jsonwebtoken RS256', 'verified, RS256', 15)]
}

export const verified: Case = { name: 'verified', title: 'A verified token that comes again', run }
