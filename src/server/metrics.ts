import type { Revocade, Stats } from '../api.js'
import type { CheckServer } from './check-server.js'

/** What the figures are read from. */
export interface MetricsParts {
  readonly engine: Pick<Revocade, 'stats'>
  readonly answers: CheckServer['answers']
}

type Kind = 'counter' | 'gauge'
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number]

/** The type of what {@link metricsText} returns. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The figures of the engine and the server in the text format of Prometheus. No label holds a token. */
export function metricsText({ engine, answers }: MetricsParts): string {
  const stats = engine.stats()
  const byStatus = [...answers].map(([status, count]): Sample => [{ status: String(status) }, count])
  const { rss, heapUsed } = process.memoryUsage()
  return [
    ...engineMetrics(stats),
    metric('revocade_check_answers_total', 'counter', 'Answers to proxies, by status.', byStatus),
    metric('process_resident_memory_bytes', 'gauge', 'Memory of the process.', [[{}, rss]]),
    metric('nodejs_heap_size_used_bytes', 'gauge', 'Used heap of Node.js.', [[{}, heapUsed]]),
    metric('process_start_time_seconds', 'gauge', 'Start of the process, since 1970.', [
      [{}, Math.round(Date.now() / 1000 - process.uptime())],
    ]),
  ].join('')
}

function engineMetrics({
  decided,
  lease,
  prefilter,
  history,
  cache,
  store,
  redis,
  selectors,
}: Stats): string[] {
  const checks = Object.entries(decided).map(([by, count]): Sample => [{ decided_by: by }, count])
  const one = (name: string, kind: Kind, help: string, value: number): string =>
    metric(`revocade_${name}`, kind, help, [[{}, value]])
  return [
    metric('revocade_checks_total', 'counter', 'Checks, by what decided them.', checks),
    one('lease_live', 'gauge', 'Whether all changes up to maxStalenessMs ago are known.', Number(lease.live)),
    one('lease_age_seconds', 'gauge', 'Age of what is known.', (lease.ageMs ?? Infinity) / 1000),
    one('prefilter_entries', 'gauge', 'Entries of the prefilter.', prefilter.entries),
    one('prefilter_capacity', 'gauge', 'Entries that it is made for.', prefilter.capacity),
    one('prefilter_bytes', 'gauge', 'Memory of the prefilter.', prefilter.bytes),
    one('prefilter_rebuilds_total', 'counter', 'How often it was built again.', prefilter.rebuilds),
    one(
      'prefilter_false_positive_ratio',
      'gauge',
      'Share of unrevoked digests that it could not rule out.',
      prefilter.measuredFalsePositiveRate ?? 0,
    ),
    one('verdict_cache_entries', 'gauge', 'Entries of the verdict cache.', cache.entries),
    one('store_seq', 'gauge', 'Number of the newest change that is known.', store.seq),
    one(
      'history_divergences_total',
      'counter',
      "How often the store's history was another.",
      history.divergences,
    ),
    one('history_lost_total', 'counter', 'Own changes that are lost.', history.lost),
    one(
      'selectors_not_honoured',
      'gauge',
      "Selectors in the store that are not among 'claims'.",
      selectors.notHonoured.length,
    ),
    one('redis_ready', 'gauge', 'Whether a configured Redis is asked.', Number(redis?.state === 'ready')),
  ]
}

function metric(name: string, kind: Kind, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`)
    const shown = value === Infinity ? '+Inf' : String(value)
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${shown}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`
}
