// An engine with sessions among others on one store, which does what it is told.
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../../support/package-under-test.mjs'
import { serve } from '../../support/serve.mjs'

const { createRevocade } = await importBuilt('index.js')
const { createSessions } = await importBuilt('sessions/index.js')
const { engine, options } = JSON.parse(process.argv[2])
const revocade = await createRevocade(engine)
const sessions = createSessions(revocade, options)

/** Resolves once it is in the pipe, which outlives this process. */
const tell = (message) => new Promise((resolve) => process.send(message, resolve))

const refresh = (token) =>
  sessions.rotate(token).then(
    ({ refreshToken, replayed, claims }) => ({ is: replayed ? 'replayed' : 'rotated', refreshToken, claims }),
    ({ code, reason, message }) => ({ is: reason ?? `${code}: ${message}` }),
  )

/** Refreshes a session for ever, with what it was told last; every tenth time it comes with a spent token. */
async function live(i) {
  let [last, spent] = [await sessions.create({ sub: `u${i}` }), undefined]
  for (let round = 1; ; round++) {
    await tell({ session: i, refreshToken: last.refreshToken, claims: last.claims })
    if (round % 10 === 0 && i % 2 === 0) {
      const { is } = await refresh(spent)
      await tell({ session: i, ended: is })
      ;[last, spent] = [await sessions.create({ sub: `u${i}` }), undefined]
      continue
    }
    const next = await sessions.rotate(last.refreshToken)
    ;[spent, last] = [spent ?? last.refreshToken, next]
  }
}

serve({
  create: async ({ count }) =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => (await sessions.create({ sub: `u${i}` })).refreshToken),
    ),
  refreshAll: async ({ tokens, at }) => {
    await sleep(at - Date.now())
    return Promise.all(tokens.map(refresh))
  },
  live: ({ count }) => {
    for (let i = 0; i < count; i++) void live(i)
  },
})
