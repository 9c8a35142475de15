import { Redis } from 'ioredis'
import { encodeVersion } from '#dist/buckets/version-table.js'
import { fieldOfBytes, Keys } from '#dist/redis/prefix-cache/keys.js'
import { SqliteStore } from '#dist/store/sqlite/index.js'
import { keyFromSecret } from '#dist/token/secret.js'

const ignore = (): void => undefined
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** The differences between Redis and the store, by bucket: versions, and the fields of that version. */
export async function amissInRedis(path: string, secret: string, url: string): Promise<string[]> {
  const store = new SqliteStore(path)
  const { id } = await store.open({
    namespace: 'default',
    secret: keyFromSecret(secret),
    exclusive: false,
    purgeGraceSeconds: 3600,
    buckets: true,
    clock: Date,
    logger,
  })
  const redis = new Redis(url)
  try {
    const { bits } = await store.buckets.versions()
    const keys = new Keys('revocade', id, 'default')
    const amiss: string[] = []
    for (let bucket = 0; bucket < 2 ** bits; bucket++) {
      const read = await store.buckets.read(bucket, bits, undefined)
      if (read.status !== 'ok') throw new Error(`bucket ${bucket} of ${2 ** bits}: ${read.status}`)
      const key = keys.bucket(bucket, bits)
      const version = (await redis.callBuffer('HGET', key, '#')) as Buffer | null
      if (version?.equals(encodeVersion(read.version)) !== true)
        amiss.push(
          `${key}: version ${version?.toString('hex') ?? 'none'} instead of change ${read.version.seq}`,
        )
      const fields = ((await redis.callBuffer('HKEYS', key)) as Buffer[])
        .map((field) => field.toString('hex'))
        .filter((field) => field !== '23')
      const due = read.entries.map(({ digest }) => fieldOfBytes(digest).toString('hex'))
      if (JSON.stringify(fields.sort()) !== JSON.stringify(due.sort()))
        amiss.push(`${key}: ${fields.length} fields instead of these ${due.length}`)
    }
    return amiss
  } finally {
    redis.disconnect()
    await store.close()
  }
}
