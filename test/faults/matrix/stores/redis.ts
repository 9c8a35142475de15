import { setTimeout as sleep } from 'node:timers/promises'
import { backup, DURABLE } from '../../../redis-store/support.js'
import { startProxy } from '../../../support/redis/proxy.js'
import { type RedisServer, startRedis } from '../../../support/redis/server.js'
import { follow } from '../redis/follow.js'
import type { ServerStore } from '../scene.js'

/** A Redis that keeps everything; its replica is made for the first failover. */
export async function redisStore(): Promise<ServerStore> {
  let master = await startRedis({ args: DURABLE })
  let replica: RedisServer | undefined
  const proxy = await startProxy(master)
  return {
    kind: 'redis',
    location: proxy.url,
    proxy,
    kill: () => master.kill(),
    restart: () => master.restart(),
    suspend: (suspended) => master.suspend(suspended),
    backup: () => backup(master),
    async failOver(pauseMs) {
      replica ??= await replicaOf(master)
      // From here on the replica can't log in to the master.
      await replica.command('CONFIG', 'SET', 'masterauth', 'wrong')
      await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
      await sleep(pauseMs)
      await master.kill()
      await replica.command('CONFIG', 'SET', 'masterauth', '')
      await replica.command('REPLICAOF', 'NO', 'ONE')
      proxy.leadTo(replica)
      await master.restart()
      await follow(master, replica)
      ;[master, replica] = [replica, master]
    },
  }
}

async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const replica = await startRedis({ args: DURABLE })
  await follow(replica, master)
  return replica
}
