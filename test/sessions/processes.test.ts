import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createSessions, type IssuedClaims, type SessionsOptions } from '#dist/sessions/index.js'
import { open } from '../support/engine.js'
import { Callee } from '../support/process.js'
import { report, scaled } from '../support/scale.js'
import { DAY_SECONDS, fate } from '../support/sessions.js'
import { temporaryDirectory } from '../support/temp.js'

// Real processes on one SQLite file, which are killed in between.

interface Answer {
  readonly is: string
  readonly refreshToken?: string
  readonly claims?: IssuedClaims
}

/** What a process says of its sessions as it goes. */
interface Told {
  readonly session?: number
  readonly refreshToken?: string
  readonly claims?: IssuedClaims
  readonly ended?: string
}

const PEER = new URL('children/peer.mjs', import.meta.url)

/** A store, and what all processes open it with. */
function place(options: SessionsOptions) {
  const engine = { store: join(temporaryDirectory(), 'store.db'), maxTokenLifetimeSeconds: 90 * DAY_SECONDS }
  const start = async (): Promise<Callee> => {
    const peer = new Callee(PEER, [JSON.stringify({ engine, options })])
    await peer.up
    return peer
  }
  return { engine, start }
}

/** Four processes that get the same tokens at the same moment. */
async function race(options: SessionsOptions, count: number) {
  const { engine, start } = place(options)
  const first = await start()
  const peers = [first, ...(await Promise.all([start(), start(), start()]))]
  const tokens = (await first.call('create', { count })) as string[]
  const args = { tokens, at: Date.now() + 300 }
  const answers = (await Promise.all(peers.map((peer) => peer.call('refreshAll', args)))) as Answer[][]
  return { engine, tokens, byToken: tokens.map((_, i) => answers.map((all) => all[i] ?? { is: 'missing' })) }
}

describe('four processes with sessions on one file', () => {
  it('S1: that get the same tokens at once agree on each successor', async () => {
    const { byToken } = await race({ replaySeconds: 60 }, scaled(200))
    for (const answers of byToken) {
      expect(answers.map(({ is }) => is).sort()).toEqual(['replayed', 'replayed', 'replayed', 'rotated'])
      expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1)
      expect(new Set(answers.map(({ claims }) => claims?.iat)).size).toBe(1)
    }
  })

  it('S2: in strict mode give one successor, and end its session', async () => {
    const options = { replaySeconds: 0 }
    const { engine, byToken } = await race(options, scaled(60))
    const revocade = await open(engine)
    const sessions = createSessions(revocade, options)
    for (const answers of byToken) {
      const [won, ...others] = answers.filter(({ is }) => is === 'rotated')
      if (won?.claims === undefined || won.refreshToken === undefined) throw new Error('nobody won')
      expect(others).toEqual([])
      const losers = answers.map(({ is }) => is).filter((is) => is !== 'rotated')
      expect(losers.filter((is) => is === 'reused').length).toBeGreaterThanOrEqual(1)
      expect(losers.filter((is) => is !== 'reused' && is !== 'ended')).toEqual([])
      expect(await fate(sessions.rotate(won.refreshToken))).toBe('ended')
      const { claims } = won
      expect(await revocade.isRevoked({ ...claims, jti: 'access', exp: claims.iat + 600 })).toBe(true)
    }
  })

  it('S10: killed at any moment, leave each session whole: alive, or ended with its tokens', async () => {
    const options = { replaySeconds: 60 }
    const { engine, start } = place(options)
    const counts = { kills: scaled(12), alive: 0, ended: 0 }
    for (let kill = 0; kill < counts.kills; kill++) {
      const peer = await start()
      const last = new Map<number, { refreshToken: string; claims: IssuedClaims }>()
      peer.process.on('message', ({ session, refreshToken, claims, ended }: Told) => {
        if (ended !== undefined) expect(ended).toBe('reused')
        if (session === undefined || refreshToken === undefined || claims === undefined) return
        last.set(session, { refreshToken, claims })
      })
      const over = once(peer.process, 'disconnect')
      void peer.call('live', { count: 12 }).catch(() => undefined)
      await sleep(150 + Math.random() * 250)
      await Promise.all([peer.kill(), over])
      const revocade = await open(engine)
      const sessions = createSessions(revocade, options)
      for (const { refreshToken, claims } of last.values()) {
        // What was lost is at most an answer: the last token that was told is good, or was good just now.
        const isRevoked = await revocade.isRevoked({ ...claims, jti: 'access', exp: claims.iat + 600 })
        expect(await fate(sessions.rotate(refreshToken))).toBe(isRevoked ? 'ended' : 'taken')
        counts[isRevoked ? 'ended' : 'alive']++
      }
      await revocade.close()
    }
    expect(counts.alive).toBeGreaterThan(0)
    report('sessions in a process that is killed', counts)
  })
})
