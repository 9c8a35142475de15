import type { Revocade } from '../api.js'
import { instrument } from '../observability/prometheus.js'
import type { CheckServer } from './check-server.js'
import { TEXT_CLIENT, TextRegistry } from './text-metrics.js'

/** The metrics of a server. */
export interface Metrics {
  /** All figures in the text format of Prometheus. No label holds a token. */
  readonly text: () => string
  /** Ends the counting. */
  readonly stop: () => void
}

/** The type of what {@link Metrics.text} returns. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * The metrics of the engine, which are those of `revocade/prometheus`, and of the server itself.
 *
 * @param answers - how often proxies got which status
 */
export function createMetrics(engine: Revocade, answers: CheckServer['answers']): Metrics {
  const registry = new TextRegistry()
  const stop = instrument(engine, { client: TEXT_CLIENT, registry })
  const options = (name: string, help: string, ...labelNames: string[]) => ({
    name,
    help,
    labelNames,
    registers: [registry],
  })
  const byStatus = new TEXT_CLIENT.Counter({
    ...options('revocade_check_answers_total', 'Answers to proxies, by status', 'status'),
    collect: () => {
      byStatus.reset()
      for (const [status, count] of answers) byStatus.inc({ status: String(status) }, count)
    },
  })
  const gauge = (name: string, help: string, read: () => number): void => {
    const made = new TEXT_CLIENT.Gauge({ ...options(name, help), collect: () => made.set({}, read()) })
  }
  gauge('process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_used_bytes', 'Used heap of Node.js', () => process.memoryUsage().heapUsed)
  const started = Math.round(Date.now() / 1000 - process.uptime())
  gauge('process_start_time_seconds', 'Start of the process, since 1970', () => started)
  return { text: () => registry.text(), stop }
}
