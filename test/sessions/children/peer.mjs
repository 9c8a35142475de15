// An engine with sessions among others on one store, which does what it is told.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { importBuilt } from '../../support/package-under-test.mjs'
import { patientStore } from '../../support/patient-store.mjs'
import { serve } from '../../support/serve.mjs'

const { createRevocade } = await importBuilt('index.js')
const { createSessions } = await importBuilt('sessions/index.js')
const { store, ...options } = JSON.parse(process.argv[2])
const revocade = await createRevocade({ ...options, store: await patientStore(store) })
/** By the window for replays, in seconds. */
const kinds = new Map(
  [0, 60].map((replaySeconds) => [replaySeconds, createSessions(revocade, { replaySeconds })]),
)

const refusal = ({ code, reason, message }) => ({ is: reason ?? `${code}: ${message}` })

function take(sessions, { token, revoke }) {
  if (revoke !== undefined)
    return sessions.revoke({ sid: revoke }).then(({ ended }) => ({ is: 'revoked', ended }), refusal)
  return sessions.rotate(token).then(
    ({ refreshToken, replayed, claims }) => ({
      is: replayed ? 'replayed' : 'rotated',
      refreshToken,
      claims,
    }),
    refusal,
  )
}

serve({
  create: ({ count, replaySeconds }) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const { refreshToken, claims } = await kinds.get(replaySeconds).create({ sub: randomUUID() })
        return { refreshToken, claims }
      }),
    ),
  take: async ({ steps, at, replaySeconds }) => {
    await sleep(at - Date.now())
    return Promise.all(steps.map((step) => take(kinds.get(replaySeconds), step)))
  },
  /** How many live sessions a user has. */
  count: async ({ subs }) =>
    Promise.all(
      subs.map(async (sub) => {
        let found = 0
        for await (const _ of kinds.get(60).list({ sub })) found++
        return found
      }),
    ),
  areRevoked: ({ claims }) =>
    Promise.all(claims.map((one) => revocade.isRevoked({ ...one, jti: 'access', exp: one.iat + 600 }))),
})
