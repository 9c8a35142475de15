import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  context,
  type ContextManager,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Revocade } from 'revocade'
import { instrument } from 'revocade/opentelemetry'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openEngine, SECRETS, useAll } from './engine.js'

/** Providers that keep what they are given. */
function recorded(engine: Revocade, checkSpans = false) {
  const [spans, exporter] = [
    new InMemorySpanExporter(),
    new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
  ]
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const stop = instrument(engine, { meterProvider, tracerProvider, checkSpans })
  onTestFinished(async () => {
    stop()
    await meterProvider.shutdown()
    await tracerProvider.shutdown()
  })
  const metrics = async () => {
    await meterProvider.forceFlush()
    return (
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? []
    )
  }
  return { spans: () => spans.getFinishedSpans(), metrics, tracer: tracerProvider.getTracer('test'), stop }
}

/** What a tracing SDK for Node.js has: the context follows asynchronous calls. */
class AsyncContext implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>()
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT
  with: ContextManager['with'] = (active, run, self, ...given) =>
    this.#storage.run(active, () => run.call(self as never, ...given))
  bind = <T>(_active: Context, target: T): T => target
  enable = () => this
  disable = () => this
}

describe('instrument for OpenTelemetry', () => {
  it('has a span for each call that writes, and none for a check', async () => {
    const engine = await openEngine()
    const { spans } = recorded(engine)
    await useAll(engine)
    expect(spans().map(({ name, attributes }) => [name, attributes['revocade.outcome']])).toEqual([
      ['revocade.revoke', 'revoked'],
      ['revocade.revoke', 'revoked'],
      ['revocade.revoke', 'already'],
      ['revocade.revokeWhere', 'revoked'],
      ['revocade.revokeMany', 'written'],
      ['revocade.unrevoke', 'unrevoked'],
      ['revocade.revoke', 'failed'],
      ['revocade.revokeWhere', 'failed'],
    ])
    const failed = spans().at(-1)
    expect([failed?.status.code, failed?.attributes['error.type']]).toEqual([
      SpanStatusCode.ERROR,
      'ERR_CONFIG',
    ])
  })

  it('has spans for lookups where that is asked, and still none for what the prefilter decides', async () => {
    const engine = await openEngine()
    const { spans } = recorded(engine, true)
    await useAll(engine)
    const checks = spans().filter(({ name }) => name === 'revocade.check')
    expect(checks.map(({ attributes }) => attributes['revocade.status'])).toEqual(Array(4).fill('revoked'))
  })

  it('makes its spans children of the one that is active where a call was made', async () => {
    context.setGlobalContextManager(new AsyncContext())
    onTestFinished(() => context.disable())
    const engine = await openEngine()
    const { spans, tracer } = recorded(engine)
    const parent = tracer.startSpan('request')
    await context.with(trace.setSpan(context.active(), parent), () => useAll(engine))
    parent.end()
    const own = spans().filter(({ name }) => name.startsWith('revocade.'))
    expect(own).toHaveLength(8)
    const { spanId } = parent.spanContext()
    expect(own.every(({ parentSpanContext }) => parentSpanContext?.spanId === spanId)).toBe(true)
  })

  it('exports the same metrics as Prometheus gets, with true values', async () => {
    const engine = await openEngine()
    const { metrics } = recorded(engine)
    await useAll(engine)
    const all = await metrics()
    const points = (wanted: string) =>
      all
        .find(({ descriptor }) => descriptor.name === wanted)
        ?.dataPoints.map(({ attributes, value }) => [Object.values(attributes).join(), value])
    expect(points('revocade.up')).toEqual([['', 1]])
    expect(points('revocade.checks')).toContainEqual(['prefilter', 1])
    expect(points('revocade.writes')).toContainEqual(['revoke,revoked', 2])
    expect(points('revocade.lookups')).toEqual([['revoked', 4]])
    expect(points('revocade.lease.live')).toEqual([['', 1]])
  })

  it('shows nothing of a token, a claim, a reason or an actor', async () => {
    const engine = await openEngine()
    const { spans, metrics } = recorded(engine, true)
    await useAll(engine)
    const seen = spans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events }))
    expect(seen).toHaveLength(12)
    const text = JSON.stringify([seen, await metrics()])
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([])
  })

  it('ends when it is told to', async () => {
    const engine = await openEngine()
    const { spans, stop } = recorded(engine)
    stop()
    await useAll(engine)
    expect(spans()).toEqual([])
  })
})
