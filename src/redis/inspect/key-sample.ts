import type { BucketVersionTable } from '../../buckets/version-table.js'
import { chunks } from '../chunks.js'
import type { RedisCommands } from '../connection/commands.js'
import { VERSION_FIELD } from '../prefix-cache/bucket-script.js'
import type { Keys } from '../prefix-cache/keys.js'

/** The mean of 256 buckets is exact to some percent, and they are read within some milliseconds. */
const SAMPLE_BUCKETS = 256
const READS_IN_FLIGHT = 64
/**
 * Times that stale buckets are read again: they may have changed between the reply of the store and that of
 * Redis.
 */
const MAX_REREADS = 2

/** The state of all buckets in Redis, estimated from a sample. */
export interface KeySample {
  readonly buckets: number
  /** Size of the sample, chosen at random. */
  readonly lookedAt: number
  /** Buckets of the sample that exist. */
  readonly present: number
  /** Buckets of the sample that have the store's version. */
  readonly current: number
  /** Memory of all buckets, from the mean of the sample; null if the server does not report it. */
  readonly estimatedBytes: number | null
}

interface BucketState {
  readonly bucket: number
  readonly present: boolean
  readonly current: boolean
  readonly bytes: number | null
}

/** Reads a sample of the buckets. Rejects if Redis or the store can't be asked. */
export async function sampleKeys(
  commands: RedisCommands,
  keys: Keys,
  versions: BucketVersionTable,
): Promise<KeySample> {
  await versions.load()
  const buckets = 2 ** versions.bits
  let states = await readAll(randomNumbers(buckets, SAMPLE_BUCKETS), commands, keys, versions)
  for (let again = 0; again < MAX_REREADS && states.some(({ current }) => !current); again++) {
    await versions.load()
    const behind = states.filter(({ current }) => !current).map(({ bucket }) => bucket)
    states = [
      ...states.filter(({ current }) => current),
      ...(await readAll(behind, commands, keys, versions)),
    ]
  }
  const told = states.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]))
  const sum = told.reduce((total, bytes) => total + bytes, 0)
  return {
    buckets,
    lookedAt: states.length,
    present: states.filter(({ present }) => present).length,
    current: states.filter(({ current }) => current).length,
    estimatedBytes: told.length === 0 ? null : Math.round((sum / told.length) * buckets),
  }
}

async function readAll(
  buckets: readonly number[],
  commands: RedisCommands,
  keys: Keys,
  versions: BucketVersionTable,
): Promise<BucketState[]> {
  const states: BucketState[] = []
  for (const some of chunks(buckets, READS_IN_FLIGHT)) {
    states.push(
      ...(await Promise.all(
        some.map((bucket) => readOne(commands, keys.bucket(bucket, versions.bits), bucket, versions)),
      )),
    )
  }
  return states
}

async function readOne(
  commands: RedisCommands,
  key: string,
  bucket: number,
  versions: BucketVersionTable,
): Promise<BucketState> {
  const [found, used] = await Promise.all([
    commands.send('HGET', key, VERSION_FIELD),
    // Some hosted servers refuse MEMORY.
    commands.send('MEMORY', 'USAGE', key).catch(() => undefined),
  ])
  const version = found instanceof Uint8Array ? found : null
  // Null means that there is no key.
  const bytes = used === null ? 0 : typeof used === 'number' ? used : null
  return {
    bucket,
    present: version !== null,
    current: versions.isCurrent(bucket, versions.bits, version),
    bytes,
  }
}

/** `size` different numbers below `count`; all of them if there are no more. */
function randomNumbers(count: number, size: number): number[] {
  if (count <= size) return Array.from({ length: count }, (_, i) => i)
  const chosen = new Set<number>()
  while (chosen.size < size) chosen.add(Math.floor(Math.random() * count))
  return [...chosen]
}
