import { setTimeout } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { addRedisOptions, addStoreOptions, type RedisFlags, type StoreOptions } from '../options.js'
import { type Display, jsonDisplay, lineDisplay, onceDisplay, screenDisplay } from '../watch/display.js'
import { Rates } from '../watch/rates.js'
import { type Look, lookAtOwn, lookThroughRedis } from '../watch/sample.js'
import { canDraw } from '../watch/screen.js'
import { inspectedRedis, withInspector } from '../with-inspector.js'
import { requireStore, withStore } from '../with-store.js'

interface WatchOptions extends StoreOptions, RedisFlags {
  readonly interval: number
  readonly once?: boolean
}

const SHORTEST_MS = 100
const LONGEST_MS = 3_600_000
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Adds `watch`, which follows what all engines do. */
export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .description(
      'Follow what all engines do: rates, layers, leases, Redis. ' +
        'Drawn in place on a terminal (q ends it), elsewhere one line an interval.',
    )
    .option('--interval <ms>', 'milliseconds between two samples', parseInterval, 1000)
    .option('--once', 'print one interval and end')
    .action(watch)
  addStoreOptions(addRedisOptions(command))
}

async function watch(options: WatchOptions): Promise<void> {
  const observed = inspectedRedis(options)
  await requireStore(options)
  const ending = new AbortController()
  const end = (): void => ending.abort()
  for (const signal of ENDINGS) process.on(signal, end)
  try {
    if (observed === undefined) {
      // With a prefilter, as services have it, so that the engine follows the store.
      await withStore(options, { redis: null, prefilter: { kind: 'bloom' } }, (engine) =>
        follow(options, ending, () => lookAtOwn(engine)),
      )
    } else {
      await withStore(options, { redis: null }, (_engine, store) =>
        withInspector(observed, options, store, (observer) =>
          follow(options, ending, () => lookThroughRedis(observer, store, options.interval)),
        ),
      )
    }
  } finally {
    for (const signal of ENDINGS) process.off(signal, end)
  }
}

/** Takes samples and shows them until `ending` is aborted. */
async function follow(
  options: WatchOptions,
  ending: AbortController,
  look: () => Look | Promise<Look>,
): Promise<void> {
  const rates = new Rates()
  const display = displayFor(options, () => ending.abort())
  try {
    for (let due = performance.now(); !ending.signal.aborted;) {
      const frame = rates.next(await look())
      await display.show(frame)
      if (options.once === true && frame.seconds !== null) return
      // A slow sample delays the next one: between two samples there is always half an interval or more.
      due = Math.max(due + options.interval, performance.now() + options.interval / 2)
      await rest(due - performance.now(), ending.signal)
    }
  } finally {
    display.close()
  }
}

function displayFor({ json, once, store, interval }: WatchOptions, onQuit: () => void): Display {
  if (json === true) return jsonDisplay()
  if (!canDraw()) return lineDisplay()
  return once === true
    ? onceDisplay({ store, intervalMs: interval })
    : screenDisplay({ store, intervalMs: interval }, onQuit)
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}

function parseInterval(text: string): number {
  const ms = Number(text)
  if (/^\d+$/.test(text) && ms >= SHORTEST_MS && ms <= LONGEST_MS) return ms
  throw new InvalidArgumentError(`Give milliseconds from ${SHORTEST_MS} to ${LONGEST_MS}.`)
}
