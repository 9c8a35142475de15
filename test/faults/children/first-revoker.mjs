// A process that revokes the same tokens as others do, at the same time, and tells what it was told.
import { importBuilt } from '../../support/package-under-test.mjs'
import { serve } from '../../support/serve.mjs'

const { createRevocade } = await importBuilt('index.js')
let engine

serve({
  async open(options) {
    engine = await createRevocade(options)
  },
  /** Every token three times: callers of one process compete, too. */
  async revokeAll({ tokens }) {
    const revoked = tokens.flatMap((token) => [0, 1, 2].map(() => engine.revoke(token)))
    return (await Promise.all(revoked)).map(({ target, outcome }) => [target.id, outcome])
  },
  async revokeMany({ tokens }) {
    const { count, already } = await engine.revokeMany(tokens.map((token) => ({ token })))
    return { count, already }
  },
})
