import type { RedisServer } from '../../harness/redis-server.js'
import type { Attacked } from './attacked.js'

/** What checks have cost the layers below: rows read from the store, buckets asked for in Redis. */
export interface Caused {
  readonly reads: number
  readonly commands: number
}

export async function causedBy(work: () => Promise<void>, { store, server }: Attacked): Promise<Caused> {
  const commands = await lookups(server)
  const { reads } = store
  await work()
  return { reads: store.reads - reads, commands: (await lookups(server)) - commands }
}

/** Looks into a bucket, by the server's own count. Not what engines do in the background. */
async function lookups(server: RedisServer | undefined): Promise<number> {
  const stats = (await server?.client.info('commandstats')) ?? ''
  return Number(/^cmdstat_hmget:calls=(\d+)/m.exec(stats)?.[1] ?? 0)
}

export const inWords = ({ reads, commands }: Caused): string =>
  `${reads.toLocaleString('en')} store reads, ${commands.toLocaleString('en')} Redis commands`
