// A process with an engine of its own that does what its parent asks, one message at a time.
import { createRevocade, SqliteStore } from './package-under-test.mjs'

let engine

const doings = {
  async open({ storeOptions, ...options }) {
    const store = storeOptions === undefined ? options.store : new SqliteStore(options.store, storeOptions)
    engine = await createRevocade({ ...options, store })
  },
  async revoke({ token, options }) {
    return (await engine.revoke(token, options)).seq
  },
  async revokeWhere({ selector, options }) {
    return (await engine.revokeWhere(selector, options)).seq
  },
  async unrevoke({ token }) {
    return (await engine.unrevoke(token)).seq
  },
  /** As a request handler asks: the synchronous look first. */
  async verdicts({ tokens }) {
    const verdicts = []
    for (const token of tokens)
      verdicts.push(engine.isClearlyActive(token) ? 'active' : (await engine.check(token)).status)
    return verdicts
  },
  /** Blocks the event loop, then looks and asks in the same turn: no timer can have fired in between. */
  async stall({ ms, tokens }) {
    const end = performance.now() + ms
    while (performance.now() < end);
    const direct = tokens.map((token) => engine.isClearlyActive(token))
    const asked = await Promise.all(tokens.map((token) => engine.check(token)))
    return { direct, asked: asked.map(({ status }) => status) }
  },
  stats: () => engine.stats(),
  close: () => engine.close(),
}

process.on('message', async ({ id, what, args }) => {
  try {
    process.send({ id, value: await doings[what](args) })
  } catch ({ code, message }) {
    process.send({ id, error: { code, message } })
  }
})
process.on('disconnect', () => process.exit())
process.send({ id: 0, value: 'ready' })
