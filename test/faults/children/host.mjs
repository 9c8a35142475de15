// A process with an engine of its own that does what its parent asks, one message at a time.
import { existsSync, writeFileSync } from 'node:fs'
import { importBuilt } from '../../support/package-under-test.mjs'
import { serve } from '../../support/serve.mjs'

const { createRevocade } = await importBuilt('index.js')
const { SqliteStore } = await importBuilt('store/sqlite/index.js')

let engine

async function lookAndAsk(tokens) {
  const direct = tokens.map((token) => engine.isClearlyActive(token))
  const asked = await Promise.all(tokens.map((token) => engine.check(token)))
  return { direct, asked: asked.map(({ status }) => status) }
}

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
    return lookAndAsk(tokens)
  },
  async stallBetween({ begun, over, tokens }) {
    writeFileSync(begun, '')
    while (!existsSync(over));
    return lookAndAsk(tokens)
  },
  stats: () => engine.stats(),
  close: () => engine.close(),
}

serve(doings)
