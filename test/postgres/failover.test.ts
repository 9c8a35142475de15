import { setTimeout as sleep } from 'node:timers/promises'
import type { Revocade } from 'revocade'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PostgresStore } from '#dist/store/postgres/index.js'
import { open, verdict } from '../support/engine.js'
import { ourError } from '../support/errors.js'
import { type PostgresServer, startPostgres } from '../support/postgres/server.js'
import { startProxy, type TcpProxy } from '../support/redis/proxy.js'

// A primary and a standby that follows it, as processes. A proxy is the address that the engines know.

let primary: PostgresServer
let standby: PostgresServer
beforeAll(async () => {
  primary = await startPostgres()
  standby = await primary.standby()
})
afterAll(async () => {
  await standby.stop()
  await primary.stop()
})

const NOW = Math.floor(Date.now() / 1000)
const token = (jti: string) => ({ jti, iss: 'i', exp: NOW + 3600 })
const tokens = (name: string, count: number) => Array.from({ length: count }, (_, i) => token(`${name}${i}`))
const at = (server: PostgresServer) => ({ url: server.url('failover') })

const follower = (proxy: TcpProxy): Promise<Revocade> =>
  open({
    store: new PostgresStore(proxy.url, { writeTimeoutMs: 1000, readTimeoutMs: 500 }),
    maxStalenessMs: 300,
    onUnknown: 'throw',
  })

/** Checks tokens over and over until it is stopped; resolves with those that were ever "active". */
function watch(engines: readonly Revocade[], revoked: readonly ReturnType<typeof token>[]) {
  const wrong = new Set<string>()
  const watched = { stopped: false }
  const round = (engine: Revocade): Promise<unknown> =>
    Promise.all(
      revoked.map(async (claims) => {
        if ((await engine.check(claims)).status === 'active') wrong.add(claims.jti)
      }),
    )
  const done = (async () => {
    while (!watched.stopped) {
      await Promise.all(engines.map(round))
      await sleep(5)
    }
  })()
  return async (): Promise<string[]> => {
    watched.stopped = true
    await done
    return [...wrong]
  }
}

it('a replica is given no question, and used once it is the primary', async () => {
  const proxy = await startProxy(at(primary))
  const engine = await follower(proxy)
  await engine.revoke(token('before'))
  await primary.replicated(standby)
  proxy.leadTo(at(standby))
  await expect.poll(async () => (await engine.check(token('never'))).status).toBe('unknown')
  expect(await engine.check(token('before'))).not.toMatchObject({ status: 'active' })
  await expect(engine.revoke(token('refused'))).rejects.toEqual(ourError('ERR_NOT_DURABLE', 'replica'))
  proxy.leadTo(at(primary))
  await expect.poll(async () => (await engine.check(token('never'))).status).toBe('active')
  expect(await verdict(engine, token('refused'))).toBe('active')
})

it('a failover that loses commits costs no wrong verdict and no rebuild; they are mended', async () => {
  const proxy = await startProxy(at(primary))
  const [one, other] = [await follower(proxy), await follower(proxy)]
  const [kept, lost, lostToo] = [tokens('kept', 50), tokens('lost', 30), tokens('lostToo', 5)]
  for (const claims of kept) await one.revoke(claims)
  await primary.replicated(standby)
  await expect.poll(() => verdict(other, token('kept49'))).toBe('revoked')

  await primary.pauseReplication()
  const [freed, ...stillRevoked] = kept
  for (const claims of lost) await one.revoke(claims)
  for (const claims of lostToo) await other.revoke(claims)
  if (freed !== undefined) await one.unrevoke(freed)
  await expect.poll(() => verdict(other, token('lost29'))).toBe('revoked')
  await expect.poll(() => verdict(one, token('lostToo4'))).toBe('revoked')

  const stopWatching = watch([one, other], stillRevoked)
  await primary.kill()
  await standby.promote()
  proxy.leadTo(at(standby))
  // Somebody who has seen nothing of it revokes on the new primary: the numbers go on from there.
  await (await open({ store: standby.url('failover') })).revoke(token('new'))
  await expect.poll(() => one.stats().history, { timeout: 60_000 }).toMatchObject({ rewritten: 30, lost: 1 })
  await expect.poll(() => other.stats().history, { timeout: 60_000 }).toMatchObject({ rewritten: 5, lost: 0 })
  for (const engine of [one, other]) {
    await expect.poll(() => verdict(engine, token('never'))).toBe('active')
    await expect.poll(() => verdict(engine, token('new'))).toBe('revoked')
    // The un-revocation was lost, and not written again.
    for (const claims of [...kept, ...lost, ...lostToo]) {
      await expect.poll(() => verdict(engine, claims)).toBe('revoked')
    }
    expect(engine.stats().prefilter.rebuilds).toBe(1)
    expect(engine.stats().history.pending).toBe(0)
  }
  expect(await stopWatching()).toEqual([])

  // The old primary follows the new one, and takes its place again: nothing was lost this time.
  await primary.rejoin(standby)
  await one.revoke(token('last'))
  await standby.replicated(primary)
  await standby.kill()
  await primary.promote()
  proxy.leadTo(at(primary))
  const divergences = [one, other].map((engine) => engine.stats().history.divergences)
  for (const engine of [one, other]) {
    const revoked = () => engine.revoke(token('after')).then(({ durable }) => durable, String)
    await expect.poll(revoked).toBe(true)
    await expect.poll(() => verdict(engine, token('last'))).toBe('revoked')
    expect(engine.stats().prefilter.rebuilds).toBe(1)
  }
  expect([one, other].map((engine) => engine.stats().history.divergences)).toEqual(divergences)
})
