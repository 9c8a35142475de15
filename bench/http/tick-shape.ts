import { createHook } from 'node:async_hooks'

const kept: object[] = []

/**
 * Makes servers comparable. `process.nextTick`, which each request calls, makes objects of one hidden class.
 * If a full garbage collection finds none of them alive, V8 forgets that class, and in Node.js 20 `nextTick`
 * costs 10 µs instead of 0.5 from then on: a third of the throughput, for whichever server has bad luck. One
 * object that is kept alive prevents it.
 */
export function keepTickShape(): void {
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === 'TickObject') kept.push(resource)
    },
  })
  hook.enable()
  process.nextTick(() => undefined)
  hook.disable()
}
