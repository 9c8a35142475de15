import type {
  Meter,
  MeterProvider,
  ObservableCounter,
  ObservableGauge,
  Tracer,
  TracerProvider,
} from '@opentelemetry/api'
import type { Revocade } from '../api.js'
import type { CheckMessage, WriteMessage } from '../diagnostics.js'
import { requirePeer } from '../require-peer.js'
import { booleanOption, rejectUnknownKeys } from '../validate.js'
import { DURATION_BUCKETS, EVENTS, FIGURES } from './figures.js'
import { listen, outcomeOf, statsReader } from './listen.js'

import '../require-node.js'

const { metrics, SpanStatusCode, trace } = requirePeer(
  '@opentelemetry/api',
  'revocade/opentelemetry',
) as typeof import('@opentelemetry/api')

/** Options of {@link instrument}. */
export interface OpenTelemetryOptions {
  /** @default the global one */
  readonly meterProvider?: MeterProvider | undefined
  /** @default the global one */
  readonly tracerProvider?: TracerProvider | undefined
  /**
   * Whether checks that the prefilter can't decide have spans. Those that it decides never have: there is
   * nothing to see in a microsecond.
   *
   * @default false
   */
  readonly checkSpans?: boolean | undefined
}

const NAME = 'revocade'

/**
 * Gives an engine metrics and spans: a span for each call that writes, as a child of the span that is active
 * where it was called; metrics as those for Prometheus, with dots in their names. No attribute holds a token,
 * a claim, a reason or an actor.
 *
 * @returns a function that ends it
 * @throws {RevocadeError} ERR_CONFIG when an option is unknown or not usable
 */
export function instrument(revocade: Revocade, options: OpenTelemetryOptions = {}): () => void {
  rejectUnknownKeys(options, ['meterProvider', 'tracerProvider', 'checkSpans'], 'option')
  const checkSpans = booleanOption(options.checkSpans, 'checkSpans', false)
  const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(NAME)
  const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(NAME)
  const stopObserving = observeFigures(meter, statsReader(revocade))
  const count = counters(meter)
  const stopListening = listen(revocade, {
    onWrite: (message) => {
      count.write(message)
      writeSpan(tracer, message)
    },
    onCheck: (message) => {
      count.check(message)
      if (checkSpans) checkSpan(tracer, message)
    },
  })
  return () => {
    stopListening()
    stopObserving()
  }
}

/** All figures of one collection come from one reading. */
function observeFigures(meter: Meter, stats: ReturnType<typeof statsReader>): () => void {
  const up = meter.createObservableGauge(`${NAME}.${EVENTS.up.name}`, { description: EVENTS.up.help })
  const figures = FIGURES.map((figure): readonly [typeof figure, ObservableCounter | ObservableGauge] => {
    const { name, kind, help, unit } = figure
    const options = { description: help, ...(unit === undefined ? {} : { unit }) }
    const full = `${NAME}.${name}`
    if (kind === 'counter') return [figure, meter.createObservableCounter(full, options)]
    return [figure, meter.createObservableGauge(full, options)]
  })
  const observables = [up, ...figures.map(([, observable]) => observable)]
  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
    const given = stats()
    result.observe(up, given === undefined ? 0 : 1)
    if (given === undefined) return
    for (const [{ label, read }, observable] of figures)
      for (const [value, text] of read(given))
        result.observe(observable, value, label === undefined || text === undefined ? {} : { [label]: text })
  }
  meter.addBatchObservableCallback(observe, observables)
  return () => meter.removeBatchObservableCallback(observe, observables)
}

/** Counts and times what the channels say. */
function counters(meter: Meter): {
  readonly write: (message: WriteMessage) => void
  readonly check: (message: CheckMessage) => void
} {
  const counter = ({ name, help }: { name: string; help: string }) =>
    meter.createCounter(`${NAME}.${name}`, { description: help })
  const histogram = ({ name, help }: { name: string; help: string }) =>
    meter.createHistogram(`${NAME}.${name}`, {
      description: help,
      unit: 's',
      advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] },
    })
  const [writes, writeDuration] = [counter(EVENTS.writes), histogram(EVENTS.writeDuration)]
  const [lookups, lookupDuration] = [counter(EVENTS.lookups), histogram(EVENTS.lookupDuration)]
  return {
    write: (message) => {
      const { operation, durationMs } = message
      writes.add(1, { operation, outcome: outcomeOf(message) })
      writeDuration.record(durationMs / 1000, { operation })
    },
    check: ({ status, durationMs }) => {
      lookups.add(1, { status })
      lookupDuration.record(durationMs / 1000)
    },
  }
}

/** Made when the call has ended, with its true times. */
function writeSpan(tracer: Tracer, message: WriteMessage): void {
  const { operation, outcome, code, seq, count, startedMs, durationMs } = message
  const span = tracer.startSpan(`${NAME}.${operation}`, {
    startTime: startedMs,
    attributes: {
      'revocade.outcome': outcome,
      'revocade.seq': seq,
      'revocade.count': count,
      ...(code === undefined ? {} : { 'error.type': code }),
    },
  })
  if (code !== undefined) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(startedMs + durationMs)
}

function checkSpan(tracer: Tracer, { status, decidedBy, startedMs, durationMs }: CheckMessage): void {
  const attributes = { 'revocade.status': status, 'revocade.decided_by': decidedBy }
  tracer.startSpan(`${NAME}.check`, { startTime: startedMs, attributes }).end(startedMs + durationMs)
}
