import type { BucketVersionTable } from '../../buckets/version-table.js'
import type { RedisCommands } from '../connection/commands.js'
import { VERSION_FIELD } from '../prefix-cache/bucket-script.js'
import type { Keys } from '../prefix-cache/keys.js'

/** Buckets looked at. The mean of so many is good to some percent, and they are asked for in a few milliseconds. */
const SAMPLE = 256
const AT_A_TIME = 64
const LOOKS_AGAIN = 2

/** What a look at some of the buckets in Redis says of all of them. */
export interface KeySample {
  readonly buckets: number
  /** Buckets that were looked at, chosen at random. */
  readonly lookedAt: number
  /** Of these: there at all. */
  readonly present: number
  /** Of these: bearing the version that the store has. */
  readonly current: number
  /** Memory of all buckets, from the mean of those looked at; null where the server does not tell. */
  readonly estimatedBytes: number | null
}

interface Look {
  readonly bucket: number
  readonly present: boolean
  readonly current: boolean
  readonly bytes: number | null
}

/** Looks at some buckets. Rejects where Redis, or the store, can't be asked. */
export async function sampleKeys(
  commands: RedisCommands,
  keys: Keys,
  versions: BucketVersionTable,
): Promise<KeySample> {
  await versions.load()
  const buckets = 2 ** versions.bits
  let looks = await lookAt(atRandom(buckets, SAMPLE), commands, keys, versions)
  // A bucket that changes all the time may have changed between the store's answer and that of Redis.
  for (let again = 0; again < LOOKS_AGAIN && looks.some(({ current }) => !current); again++) {
    await versions.load()
    const behind = looks.filter(({ current }) => !current).map(({ bucket }) => bucket)
    looks = [...looks.filter(({ current }) => current), ...(await lookAt(behind, commands, keys, versions))]
  }
  const told = looks.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]))
  const sum = told.reduce((total, bytes) => total + bytes, 0)
  return {
    buckets,
    lookedAt: looks.length,
    present: looks.filter(({ present }) => present).length,
    current: looks.filter(({ current }) => current).length,
    estimatedBytes: told.length === 0 ? null : Math.round((sum / told.length) * buckets),
  }
}

async function lookAt(
  buckets: readonly number[],
  commands: RedisCommands,
  keys: Keys,
  versions: BucketVersionTable,
): Promise<Look[]> {
  const looks: Look[] = []
  for (const some of chunks(buckets, AT_A_TIME)) {
    looks.push(
      ...(await Promise.all(
        some.map((bucket) => look(commands, keys.bucket(bucket, versions.bits), bucket, versions)),
      )),
    )
  }
  return looks
}

async function look(
  commands: RedisCommands,
  key: string,
  bucket: number,
  versions: BucketVersionTable,
): Promise<Look> {
  const [found, used] = await Promise.all([
    commands.send('HGET', key, VERSION_FIELD),
    // Some hosted servers refuse it.
    commands.send('MEMORY', 'USAGE', key).catch(() => undefined),
  ])
  const version = found instanceof Uint8Array ? found : null
  // Null: there is no key.
  const bytes = used === null ? 0 : typeof used === 'number' ? used : null
  return {
    bucket,
    present: version !== null,
    current: versions.isCurrent(bucket, versions.bits, version),
    bytes,
  }
}

/** Some of the numbers from 0 to count − 1, each at most once; all of them where there are no more. */
function atRandom(count: number, size: number): number[] {
  if (count <= size) return Array.from({ length: count }, (_, i) => i)
  const chosen = new Set<number>()
  while (chosen.size < size) chosen.add(Math.floor(Math.random() * count))
  return [...chosen]
}

function chunks(values: readonly number[], size: number): number[][] {
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size),
  )
}
