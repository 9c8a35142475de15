import type { Revocade, Stats } from '../api.js'
import { EVENTS, type Figure, FIGURES } from '../observability/figures.js'
import type { CheckServer } from './check-server.js'

/** What the figures are read from. */
export interface MetricsParts {
  readonly engine: Pick<Revocade, 'stats'>
  readonly answers: CheckServer['answers']
}

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** The type of what {@link metricsText} returns. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * The figures of the engine and the server in the text format of Prometheus, with the names that
 * `revocade/prometheus` gives them. No label holds a token.
 */
export function metricsText({ engine, answers }: MetricsParts): string {
  const stats = statsOf(engine)
  const byStatus = [...answers].map(([status, count]): Sample => [{ status: String(status) }, count])
  const { rss, heapUsed } = process.memoryUsage()
  const started = Math.round(Date.now() / 1000 - process.uptime())
  return [
    metric(`revocade_${EVENTS.up.name}`, 'gauge', EVENTS.up.help, [[{}, stats === undefined ? 0 : 1]]),
    ...(stats === undefined ? [] : FIGURES.map((figure) => ofFigure(figure, stats))),
    metric('revocade_check_answers_total', 'counter', 'Answers to proxies, by status.', byStatus),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of the process.', [[{}, rss]]),
    metric('nodejs_heap_size_used_bytes', 'gauge', 'Used heap of Node.js.', [[{}, heapUsed]]),
    metric('process_start_time_seconds', 'gauge', 'Start of the process, since 1970.', [[{}, started]]),
  ].join('')
}

/** Undefined where the store can't be asked for them. */
function statsOf(engine: Pick<Revocade, 'stats'>): Stats | undefined {
  try {
    return engine.stats()
  } catch {
    return undefined
  }
}

const UNIT = { s: '_seconds', By: '_bytes' } as const

function ofFigure({ name, kind, unit, help, label, read }: Figure, stats: Stats): string {
  const ending = `${unit === undefined ? '' : UNIT[unit]}${kind === 'counter' ? '_total' : ''}`
  const samples = read(stats).map(([value, text]): Sample => [
    label === undefined || text === undefined ? {} : { [label]: text },
    value,
  ])
  return metric(`revocade_${name.replaceAll('.', '_')}${ending}`, kind, help, samples)
}

function metric(name: string, kind: Figure['kind'], help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`
}
