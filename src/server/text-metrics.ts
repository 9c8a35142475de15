import type { PrometheusMetricOptions, PrometheusRegistry } from '../observability/prometheus.js'

type Labels = Readonly<Record<string, string>>
type Kind = 'counter' | 'gauge' | 'histogram'

interface Sample {
  readonly labels: Labels
  value: number
}

/** The metrics of a server, in the order in which they were made. */
export class TextRegistry implements PrometheusRegistry {
  readonly #metrics = new Map<string, Metric>()

  add(name: string, metric: Metric): void {
    this.#metrics.set(name, metric)
  }

  removeSingleMetric(name: string): void {
    this.#metrics.delete(name)
  }

  /** All metrics in the text format of Prometheus, version 0.0.4. */
  text(): string {
    return [...this.#metrics.values()].map((metric) => metric.text()).join('')
  }
}

type Options = PrometheusMetricOptions<TextRegistry>

/** Samples by their labels. Values of labels are words of ours: nothing in them needs an escape. */
abstract class Metric {
  protected readonly samples = new Map<string, Sample>()
  readonly #kind: Kind
  readonly #options: Options

  constructor(kind: Kind, options: Options) {
    this.#kind = kind
    this.#options = options
    for (const registry of options.registers) registry.add(options.name, this)
  }

  text(): string {
    const { name, help, collect } = this.#options
    collect?.()
    return `# HELP ${name} ${help}\n# TYPE ${name} ${this.#kind}\n${this.lines(name).join('')}`
  }

  protected lines(name: string): string[] {
    return [...this.samples.values()].map(({ labels, value }) => line(name, labels, value))
  }

  protected sample(labels: Labels): Sample {
    const key = pairs(labels)
    const found = this.samples.get(key)
    if (found !== undefined) return found
    const made = { labels, value: 0 }
    this.samples.set(key, made)
    return made
  }
}

class Gauge extends Metric {
  constructor(options: Options) {
    super('gauge', options)
  }

  set(labels: Labels, value: number): void {
    this.sample(labels).value = value
  }
}

class Counter extends Metric {
  constructor(options: Options) {
    super('counter', options)
  }

  inc(labels: Labels, value = 1): void {
    this.sample(labels).value += value
  }

  reset(): void {
    this.samples.clear()
  }
}

class Histogram extends Metric {
  readonly #bounds: readonly number[]
  readonly #series = new Map<string, { readonly labels: Labels; readonly counts: number[]; sum: number }>()

  constructor(options: Options & { readonly buckets: readonly number[] }) {
    super('histogram', options)
    this.#bounds = [...options.buckets, Infinity]
    // A histogram without labels has its buckets from the start.
    if (options.labelNames.length === 0) this.#of({})
  }

  observe(labels: Labels, value: number): void {
    const series = this.#of(labels)
    series.sum += value
    const at = this.#bounds.findIndex((bound) => value <= bound)
    series.counts[at] = (series.counts[at] ?? 0) + 1
  }

  protected override lines(name: string): string[] {
    return [...this.#series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0
      const buckets = this.#bounds.map((bound, i) => {
        total += counts[i] ?? 0
        return line(`${name}_bucket`, { ...labels, le: valueText(bound) }, total)
      })
      return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, total)]
    })
  }

  #of(labels: Labels): { readonly counts: number[]; sum: number } {
    const key = pairs(labels)
    const found = this.#series.get(key)
    if (found !== undefined) return found
    const made = { labels, counts: [], sum: 0 }
    this.#series.set(key, made)
    return made
  }
}

/** A client for `revocade/prometheus` that needs no package. */
export const TEXT_CLIENT = { Counter, Gauge, Histogram }

const pairs = (labels: Labels): string =>
  Object.entries(labels)
    .map(([label, text]) => `${label}="${text}"`)
    .join(',')

function line(name: string, labels: Labels, value: number): string {
  const text = pairs(labels)
  return `${name}${text === '' ? '' : `{${text}}`} ${valueText(value)}\n`
}

const valueText = (value: number): string => (value === Infinity ? '+Inf' : String(value))
