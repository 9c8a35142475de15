import { existsSync, realpathSync } from 'node:fs'
import type { Command } from 'commander'
import type { RevocationStore, StoreStats } from '../../ports/index.js'
import { printable } from '../errors.js'
import { addRedisOptions, addStoreOptions, type RedisFlags, type StoreOptions } from '../options.js'
import { whole } from '../output/format-numbers.js'
import { writeJson, writeLine } from '../output/print.js'
import { table } from '../output/table.js'
import { readStore } from '../read-store.js'
import { readRedisReport } from '../stats/redis-report.js'
import { redisText } from '../stats/redis-text.js'
import { liveAfter, storedRows } from '../store-rows.js'
import { inspectedRedis, withInspector } from '../with-inspector.js'

interface Counts {
  readonly tokens: number
  /** Live selectors by the claims that they name, such as `client_id+sub`. */
  readonly selectors: Readonly<Record<string, number>>
  readonly expired: number
}

/** Store stats about this command's own connection, which are not printed. */
const CONNECTION_STATS: ReadonlySet<string> = new Set([
  'integrity',
  'pendingWrites',
  'commits',
  'exclusive',
  'fault',
])

/** Adds `stats`, which counts what the store and Redis hold. */
export function addStats(program: Command): void {
  const command = program
    .command('stats')
    .description(
      'Count what the store holds, and show how it is set up. ' +
        'With --redis also what Redis holds, and the stats of all engines.',
    )
    .action(stats)
  addStoreOptions(addRedisOptions(command))
}

async function stats(options: StoreOptions & RedisFlags): Promise<void> {
  const observed = inspectedRedis(options)
  await readStore(options, { redis: null }, async (_engine, store) => {
    const counts = await count(store)
    const facts = factsOf(store, options)
    const layer =
      observed === undefined
        ? undefined
        : await withInspector(observed, options, store, (observer) =>
            readRedisReport(observer, store.buckets),
          )
    if (options.json === true) {
      await writeJson({ counts, store: facts, ...(layer === undefined ? {} : { redis: layer }) })
      return
    }
    await writeLine(
      table(
        [
          ['live tokens', whole(counts.tokens)],
          ...Object.entries(counts.selectors).map(([shape, n]) => [
            `live selectors on ${printable(shape)}`,
            whole(n),
          ]),
          ['expired, to be purged', whole(counts.expired)],
          ...Object.entries(facts).map(([name, value]) => [words(name), shown(name, value)]),
        ],
        { flexible: 1 },
      ),
    )
    if (layer !== undefined) await writeLine(`\n${redisText(layer)}`)
  })
}

type Facts = Record<string, StoreStats[string]>

/** How the store is set up, with the path that the options name: perhaps a copy of it is read. */
function factsOf(store: RevocationStore, options: StoreOptions): Readonly<Facts> {
  const entries = Object.entries(store.stats()).filter(([name]) => !CONNECTION_STATS.has(name))
  const path = existsSync(options.store) ? { path: realpathSync(options.store) } : {}
  return { ...Object.fromEntries(entries), ...path }
}

/** The selector without claims. */
const EVERYONE = '(everyone)'

async function count(store: RevocationStore): Promise<Counts> {
  const live = liveAfter(store)
  const counts = { tokens: 0, expired: 0 }
  const selectors = new Map<string, number>()
  for await (const { target, expiresAt } of storedRows(store, { expired: true })) {
    if (expiresAt <= live) {
      counts.expired++
    } else if (target.kind === 'selector') {
      const shape = Object.keys(target.where).sort().join('+') || EVERYONE
      selectors.set(shape, (selectors.get(shape) ?? 0) + 1)
    } else {
      counts.tokens++
    }
  }
  return { ...counts, selectors: Object.fromEntries(selectors) }
}

/** Turns `walBytes` into `wal bytes`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function shown(name: string, value: string | number | boolean | null): string {
  if (value === null) return 'none'
  if (typeof value === 'number' && name !== 'schemaVersion') return whole(value)
  return printable(String(value))
}
