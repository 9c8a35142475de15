import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { type PostgresServer, startPostgres } from '../../../support/postgres/server.js'
import { startProxy } from '../../../support/redis/proxy.js'
import type { ServerStore } from '../scene.js'

const SCHEMA = 'matrix'

/** A PostgreSQL server; its standby is made for the first failover. */
export async function postgresStore(): Promise<ServerStore> {
  let primary = await startPostgres()
  let standby: PostgresServer | undefined
  onTestFinished(async () => {
    await standby?.stop()
    await primary.stop()
  })
  const proxy = await startProxy({ url: primary.url(SCHEMA) })
  return {
    kind: 'postgres',
    location: proxy.url,
    proxy,
    kill: () => primary.kill(),
    restart: () => primary.restart(),
    suspend: (suspended) => primary.suspend(suspended),
    async backup() {
      const restore = await primary.backup(primary.url(SCHEMA))
      return () => again(restore)
    },
    async failOver(pauseMs) {
      standby ??= await primary.standby()
      await primary.replicated(standby)
      await primary.pauseReplication()
      await sleep(pauseMs)
      await primary.kill()
      await standby.promote()
      proxy.leadTo({ url: standby.url(SCHEMA) })
      await primary.rejoin(standby)
      ;[primary, standby] = [standby, primary]
    },
  }
}

/** What replaces whole tables may be the victim of a deadlock. */
async function again(restore: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await restore()
      return
    } catch (error) {
      if (tries === 20) throw error
    }
  }
}
