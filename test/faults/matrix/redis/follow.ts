import type { RedisServer } from '../../../support/redis/server.js'
import { until } from '../../../support/time.js'

/** Makes a server the replica of another until it ends. Resolves once it has what that one has. */
export async function follow(replica: RedisServer, master: RedisServer): Promise<void> {
  await replica.command('REPLICAOF', '127.0.0.1', master.port)
  await until('the replica follows its master', async () =>
    String(await replica.command('INFO', 'replication')).includes('master_link_status:up'),
  )
}
