import { startSentinel } from '../../../support/redis/sentinel.js'
import { startRedis } from '../../../support/redis/server.js'
import { until } from '../../../support/time.js'
import type { PrefixRedis, RedisKind } from '../scene.js'
import { follow } from './follow.js'

/** Starts each kind of prefix cache. None of the servers keeps anything on its disk. */
export const PREFIX_REDIS: Readonly<Record<RedisKind, () => Promise<PrefixRedis> | PrefixRedis>> = {
  none: () => ({ kind: 'none', url: undefined, servers: [] }),
  async single() {
    const server = await startRedis()
    return { kind: 'single', url: server.url, servers: [server] }
  },
  async sentinel() {
    const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    const replica = await startRedis()
    await follow(replica, master)
    return { kind: 'sentinel', url: `redis://${await startSentinel(master)}`, servers: [master, replica] }
  },
  async cluster() {
    const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
    const servers = [await startRedis({ args }), await startRedis({ args }), await startRedis({ args })]
    for (const [i, node] of servers.entries()) {
      await node.command('CLUSTER', 'ADDSLOTSRANGE', i * 5461, i === 2 ? 16_383 : i * 5461 + 5460)
      await node.command('CLUSTER', 'MEET', '127.0.0.1', servers[0]?.port ?? 0)
    }
    for (const node of servers)
      await until('the cluster is whole', async () =>
        String(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok'),
      )
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join()
    return { kind: 'cluster', url: `redis://${hosts}`, servers }
  },
}
