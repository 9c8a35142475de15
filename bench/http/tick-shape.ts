import { createHook } from 'node:async_hooks'

const kept: object[] = []

/**
 * Makes servers comparable. `process.nextTick`, which each request calls, makes objects of one hidden class.
 * If a full garbage collection finds none of them alive, V8 forgets that class, and `nextTick` costs 10 µs of
 * a request instead of 0.5 from then on: up to a third of the throughput. In Node.js 20 that is bad luck, in
 * 22 and 24 it happened to each bare server. One object that is kept alive prevents it.
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
