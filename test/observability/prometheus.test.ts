import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import client from 'prom-client'
import { RevocadeError } from 'revocade'
import { instrument } from 'revocade/prometheus'
import { describe, expect, it } from 'vitest'
import { openEngine, SECRETS, useAll } from './engine.js'

/** The value of a metric with these labels. */
async function valueOf(
  registry: client.Registry,
  name: string,
  labels: object = {},
): Promise<number | undefined> {
  const metric = await registry.getSingleMetric(name)?.get()
  const matches = (given: object): boolean => JSON.stringify(given) === JSON.stringify(labels)
  return metric?.values.find((value) => matches(value.labels))?.value
}

describe('instrument for Prometheus', () => {
  it('exports the figures of stats() and counts what the channels say', async () => {
    const engine = await openEngine()
    const registry = new client.Registry()
    instrument(engine, { client, registry })
    await useAll(engine)
    const value = (name: string, labels?: object) => valueOf(registry, name, labels)
    expect(await value('revocade_up')).toBe(1)
    expect(await value('revocade_lease_live')).toBe(1)
    expect(await value('revocade_checks_total', { decided_by: 'prefilter' })).toBe(1)
    expect(await value('revocade_checks_total', { decided_by: 'policy' })).toBe(0)
    expect(await value('revocade_prefilter_entries')).toBe(engine.stats().prefilter.entries)
    expect(await value('revocade_lookups_total', { status: 'revoked' })).toBe(4)
    expect(await value('revocade_writes_total', { operation: 'revoke', outcome: 'revoked' })).toBe(2)
    expect(await value('revocade_writes_total', { operation: 'revokeWhere', outcome: 'ERR_CONFIG' })).toBe(1)
    // It is there before the first failure: an alert on its increase must see that one.
    expect(await value('revocade_writes_total', { operation: 'revoke', outcome: 'ERR_NOT_DURABLE' })).toBe(0)
    expect(await value('revocade_redis_ready')).toBeNaN()
    // A second collection does not count twice.
    await registry.metrics()
    expect(await value('revocade_checks_total', { decided_by: 'prefilter' })).toBe(1)
  })

  it('shows nothing of a token, a claim, a reason or an actor', async () => {
    const engine = await openEngine()
    const registry = new client.Registry()
    instrument(engine, { client, registry })
    await useAll(engine)
    const text = await registry.metrics()
    expect(text).toContain('revocade_writes_total{operation="revokeMany",outcome="written"} 1')
    expect(SECRETS.filter((secret) => text.includes(secret))).toEqual([])
  })

  it('tells two engines of a process apart', async () => {
    const [one, other] = [await openEngine(), await openEngine()]
    const registries = [one, other].map((engine) => {
      const registry = new client.Registry()
      instrument(engine, { client, registry })
      return registry
    })
    await useAll(one)
    const labels = { operation: 'revoke', outcome: 'revoked' }
    expect(
      await Promise.all(registries.map((each) => valueOf(each, 'revocade_writes_total', labels))),
    ).toEqual([2, undefined])
  })

  it('says that an engine can not be read, and does not fail a collection for it', async () => {
    const engine = await openEngine()
    const registry = new client.Registry()
    const stop = instrument(engine, { client, registry })
    await engine.close()
    expect(await valueOf(registry, 'revocade_up')).toBe(0)
    stop()
    expect(await registry.getMetricsAsJSON()).toEqual([])
  })

  it('leaves no listener behind', async () => {
    const engine = await openEngine()
    const registry = new client.Registry()
    instrument(engine, { client, registry })()
    const heard: unknown[] = []
    const listener = (message: unknown) => void heard.push(message)
    subscribe('revocade:revoke', listener)
    unsubscribe('revocade:revoke', listener)
    await useAll(engine)
    expect(await registry.metrics()).toBe('\n')
    expect(heard).toEqual([])
  })

  it('refuses options that it does not know, and none', async () => {
    const engine = await openEngine()
    const registry = new client.Registry()
    expect(() => instrument(engine, { client, registry, prefix: 'x' } as never)).toThrow(RevocadeError)
    expect(() => instrument(engine, {} as never)).toThrow(/'client'/)
    expect(() => instrument(engine, { client: {}, registry } as never)).toThrow(/'client' needs Counter/)
    expect(() => instrument(engine, { client, registry: null } as never)).toThrow(/'registry' needs/)
    for (const wrong of [undefined, {}])
      expect(() => instrument(wrong as never, { client, registry })).toThrow(/needs an engine/)
  })
})
