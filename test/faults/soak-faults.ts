import { copyFileSync, existsSync, linkSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { RedisServer } from '../support/redis/server.js'
import type { Soak } from './soak.js'
import { type Disturbance, monotonicMs } from './soak-history.js'

/** What a fault needs to do its work. */
export interface Scene {
  readonly soak: Soak
  readonly redis: RedisServer
}

/** Does something to the peers; its answer says what may be judged. */
export type Fault = (scene: Scene) => Promise<Disturbance>

const someone = ({ soak }: Scene): number => Math.floor(Math.random() * soak.size)
const between = (from: number, to: number): number => from + Math.random() * (to - from)

/** A fault that loses nothing. */
const harmless =
  (what: (scene: Scene) => Promise<unknown>): Fault =>
  async (scene) => {
    const start = monotonicMs()
    await what(scene)
    await scene.soak.healed()
    return { start, end: monotonicMs(), loses: false }
  }

/** A fault after which the store may lack what was acknowledged before it. */
const losing =
  (what: (scene: Scene, file: string) => unknown): Fault =>
  async (scene) => {
    await scene.soak.save()
    const start = monotonicMs()
    await what(scene, realpathSync(scene.soak.store))
    const end = monotonicMs()
    await scene.soak.healed()
    // What is acknowledged by now must be found by whoever opens the path next.
    const me = someone(scene)
    await scene.soak.peer(me).kill()
    await scene.soak.restart(me)
    await scene.soak.healed()
    return { start, end, loses: true }
  }

let files = 0
/** Copies are made now and then, so that a restored one may be some rounds old. */
let kept: string | undefined
async function oldBackup(scene: Scene): Promise<string> {
  if (kept === undefined || Math.random() < 0.5) kept = await scene.soak.backup()
  // Each under a name of its own: none may be another name of the store.
  const copy = `${kept}.restored-${++files}`
  copyFileSync(kept, copy)
  return copy
}

/** The faults, by name. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a process is killed': harmless(async (scene) => {
    const me = someone(scene)
    await scene.soak.peer(me).kill()
    await scene.soak.restart(me)
  }),
  'a process is closed and started again': harmless(async (scene) => {
    const me = someone(scene)
    const peer = scene.soak.peer(me)
    await peer.call('rest')
    await peer.call('close')
    await peer.kill()
    await scene.soak.restart(me)
  }),
  'a process is suspended': harmless(async (scene) => {
    const peer = scene.soak.peer(someone(scene))
    peer.suspend(true)
    await sleep(between(50, 1500))
    peer.suspend(false)
  }),
  'wall clocks step by seconds': harmless(async (scene) => {
    for (let me = 0; me < scene.soak.size; me++) scene.soak.setClock(me, Math.round(between(-4, 4)))
    await scene.soak.clocksSet()
  }),
  'a wall clock goes an hour astray': async (scene) => {
    const astray = someone(scene)
    const start = monotonicMs()
    scene.soak.setClock(astray, Math.random() < 0.7 ? 3600 : -3600)
    await scene.soak.clocksSet()
    await sleep(between(0, 3000))
    if (Math.random() < 0.5) {
      // Whatever it saves as it closes, it made by that clock.
      const peer = scene.soak.peer(astray)
      await peer.call('rest')
      await peer.call('close')
      await peer.kill()
      scene.soak.setClock(astray, 0)
      await scene.soak.restart(astray)
    } else {
      scene.soak.setClock(astray, 0)
    }
    await scene.soak.clocksSet()
    const end = monotonicMs()
    await scene.soak.healed()
    await sleep(1000)
    return { start, end, loses: false, astray }
  },
  'Redis is killed and comes back empty': harmless(async ({ redis }) => {
    await redis.kill()
    await sleep(between(0, 1000))
    await redis.restart({ empty: true })
  }),
  'Redis is flushed': harmless(async ({ redis }) => {
    await redis.command('FLUSHALL')
  }),
  'Redis hangs': harmless(async ({ redis }) => {
    await redis.suspend(true)
    await sleep(between(100, 2000))
    await redis.suspend(false)
  }),
  'the store is locked': harmless(async ({ soak }) => {
    const other = new Database(soak.store)
    other.exec('BEGIN IMMEDIATE')
    await sleep(between(50, 800))
    other.close()
  }),
  'the store is vacuumed': harmless(async ({ soak }) => {
    const other = new Database(soak.store, { timeout: 10_000 })
    try {
      other.exec('VACUUM')
    } catch {
      // Somebody else writes: a busy store can't be vacuumed each time.
    }
    other.close()
    await sleep(0)
  }),
  'the store is away for a moment': harmless(async ({ soak }) => {
    const away = `${soak.store}.away`
    renameSync(soak.store, away)
    await sleep(between(50, 500))
    renameSync(away, soak.store)
  }),
  'the log is unlinked': losing((_scene, file) => {
    rmSync(`${file}-wal`, { force: true })
  }),
  'the link leads to a copy': losing(async (scene) => {
    const copy = await oldBackup(scene)
    const file = join(scene.soak.folder, `store-${++files}.db`)
    renameSync(copy, file)
    symlinkSync(file, `${scene.soak.store}.new`)
    renameSync(`${scene.soak.store}.new`, scene.soak.store)
  }),
  'a copy is renamed over the store': losing(async (scene, file) => {
    renameSync(await oldBackup(scene), file)
  }),
  'a copy is copied over the store': losing(async (scene, file) => {
    copyFileSync(await oldBackup(scene), file)
  }),
  "a copy is restored by SQLite's backup": losing(async (scene, file) => {
    const copy = new Database(await oldBackup(scene), { readonly: true })
    await copy.backup(file)
    copy.close()
  }),
  'the store is deleted and a copy put in its place': losing(async (scene, file) => {
    const copy = await oldBackup(scene)
    for (const part of [file, `${file}-wal`, `${file}-shm`]) rmSync(part, { force: true })
    await sleep(between(0, 300))
    if (!existsSync(file)) linkSync(copy, file)
    rmSync(copy)
  }),
}
