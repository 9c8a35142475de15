import type { Revocade } from '../api.js'
import type { CheckMessage, WriteMessage } from '../diagnostics.js'
import { hasMethods, optionError, rejectUnknownKeys } from '../validate.js'
import { ALARMING, DURATION_BUCKETS, EVENTS, type Figure, FIGURES } from './figures.js'
import { listen, outcomeOf, statsReader } from './listen.js'

import '../require-node.js'

type Labels = Record<string, string>

/** How a metric is made. `Registry` is the client's own type. */
export interface PrometheusMetricOptions<Registry> {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
  collect?: () => void
}

/** What is used of a client: prom-client 15, @prometheus-io/client. */
export interface PrometheusClient<Registry> {
  readonly Counter: new (options: PrometheusMetricOptions<Registry>) => {
    inc(labels: Labels, value?: number): void
    reset(): void
  }
  readonly Gauge: new (options: PrometheusMetricOptions<Registry>) => {
    set(labels: Labels, value: number): void
  }
  readonly Histogram: new (options: PrometheusMetricOptions<Registry> & { buckets: number[] }) => {
    observe(labels: Labels, value: number): void
  }
}

/** What is used of a registry. */
export interface PrometheusRegistry {
  removeSingleMetric(name: string): void
}

/** Options of {@link instrument}. */
export interface PrometheusOptions<Registry> {
  /** The client's module: `import client from 'prom-client'`. */
  readonly client: PrometheusClient<Registry>
  /** Where the metrics are registered: one registry for each engine of a process. */
  readonly registry: Registry
}

const UNIT = { s: '_seconds', By: '_bytes' } as const

/** Makes metrics with names as Prometheus has them, and remembers them. */
class Metrics<Registry> {
  readonly names: string[] = []
  readonly client: PrometheusClient<Registry>
  readonly #registry: Registry

  constructor({ client, registry }: PrometheusOptions<Registry>) {
    this.client = client
    this.#registry = registry
  }

  options(name: string, help: string, ...labelNames: string[]): PrometheusMetricOptions<Registry> {
    const full = `revocade_${name.replaceAll('.', '_')}`
    this.names.push(full)
    return { name: full, help, labelNames, registers: [this.#registry] }
  }
}

/**
 * Registers the metrics of an engine, all with names that begin with `revocade_`. Figures of `stats()` are
 * read when metrics are collected; calls that write, and checks that the prefilter can't decide, are counted
 * as they happen. No label holds a token, a claim, a reason or an actor.
 *
 * @returns a function that removes the metrics from the registry
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or missing
 * @example
 * instrument(revocade, { client, registry: client.register })
 */
export function instrument<Registry extends PrometheusRegistry>(
  revocade: Revocade,
  options: PrometheusOptions<Registry>,
): () => void {
  rejectUnknownKeys(options, ['client', 'registry'], 'option')
  requireMembers(options, 'client', ['Counter', 'Gauge', 'Histogram'])
  requireMembers(options, 'registry', ['removeSingleMetric'])
  const stats = statsReader(revocade)
  const metrics = new Metrics(options)
  const up = new metrics.client.Gauge({
    ...metrics.options(EVENTS.up.name, EVENTS.up.help),
    collect: () => up.set({}, stats() === undefined ? 0 : 1),
  })
  for (const figure of FIGURES) register(figure, metrics, stats)
  const stop = listen(revocade, listeners(metrics))
  return () => {
    stop()
    for (const name of metrics.names) options.registry.removeSingleMetric(name)
  }
}

function requireMembers(options: object, name: 'client' | 'registry', members: readonly string[]): void {
  if (!hasMethods(Reflect.get(options, name), members))
    throw optionError(name, `needs ${members.join(', ')}: see docs/guides/monitoring.md`)
}

/** A metric that takes its values from `stats()`. Where they can't be read, it keeps those it has. */
function register<Registry>(
  { name, kind, unit, help, label, read }: Figure,
  metrics: Metrics<Registry>,
  stats: ReturnType<typeof statsReader>,
): void {
  const ending = `${unit === undefined ? '' : UNIT[unit]}${kind === 'counter' ? '_total' : ''}`
  const options = metrics.options(name + ending, help, ...(label === undefined ? [] : [label]))
  const labelled = (text: string | undefined): Labels =>
    label === undefined || text === undefined ? {} : { [label]: text }
  const { Counter, Gauge } = metrics.client
  if (kind === 'gauge') {
    const gauge = new Gauge({
      ...options,
      collect: () => {
        const given = stats()
        if (given === undefined) return
        const values = read(given)
        // A gauge without labels always has a value.
        if (values.length === 0 && label === undefined) gauge.set({}, Number.NaN)
        for (const [value, text] of values) gauge.set(labelled(text), value)
      },
    })
    return
  }
  const counter = new Counter({
    ...options,
    collect: () => {
      const given = stats()
      if (given === undefined) return
      counter.reset()
      for (const [value, text] of read(given)) counter.inc(labelled(text), value)
    },
  })
}

function listeners<Registry>(metrics: Metrics<Registry>): Parameters<typeof listen>[1] {
  const { Counter, Histogram } = metrics.client
  const buckets = [...DURATION_BUCKETS]
  const named = ({ name, help }: { name: string; help: string }, ending: string, ...labels: string[]) =>
    metrics.options(name + ending, help, ...labels)
  const writes = new Counter(named(EVENTS.writes, '_total', 'operation', 'outcome'))
  const writeSeconds = new Histogram({ ...named(EVENTS.writeDuration, '_seconds', 'operation'), buckets })
  const lookups = new Counter(named(EVENTS.lookups, '_total', 'status'))
  const lookupSeconds = new Histogram({ ...named(EVENTS.lookupDuration, '_seconds'), buckets })
  for (const outcome of ALARMING) writes.inc({ operation: 'revoke', outcome }, 0)
  return {
    onWrite: (message: WriteMessage) => {
      const { operation, durationMs } = message
      writes.inc({ operation, outcome: outcomeOf(message) })
      writeSeconds.observe({ operation }, durationMs / 1000)
    },
    onCheck: ({ status, durationMs }: CheckMessage) => {
      lookups.inc({ status })
      lookupSeconds.observe({}, durationMs / 1000)
    },
  }
}
