import { describe, expect, it } from 'vitest'
import { PATIENCE_MS, type Peer, runTrial } from './staleness.js'

const WRITER: Peer = { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 1 } }

describe('two processes on one store', { timeout: PATIENCE_MS }, () => {
  it.each([50, 300, 0])('no "active" later than Δ = %i ms', async (stalenessMs) => {
    const seen = await runTrial(`two processes, Δ = ${stalenessMs} ms`, {
      peers: [WRITER, { name: 'checker', stalenessMs }],
      enough: (of) =>
        of('checker').checks > 40_000 &&
        of('checker').turned > 50 &&
        (stalenessMs === 0 || of('checker').near > 50),
    })
    if (stalenessMs === 0) expect(seen('checker').near).toBe(0)
    expect(seen('writer').near).toBe(0)
  })
})

describe('four processes on one store', { timeout: PATIENCE_MS }, () => {
  it('no "active" later than Δ with stalls, a suspended process and a locked store', async () => {
    const seen = await runTrial('four processes, stalled, suspended and locked', {
      peers: [
        { name: 'writer', stalenessMs: 300, writes: { mine: 0, of: 2 } },
        { name: 'staller', stalenessMs: 50, stallMs: 120, writes: { mine: 1, of: 2 } },
        { name: 'sleeper', stalenessMs: 100, suspendMs: 200 },
        { name: 'strict', stalenessMs: 0, stallMs: 60 },
      ],
      enough: (of) =>
        ['writer', 'staller', 'sleeper'].every((name) => of(name).near > 5) &&
        ['staller', 'sleeper', 'strict'].every((name) => of(name).turned > 5) &&
        ['staller', 'strict'].every((name) => of(name).stalls > 5) &&
        of('sleeper').suspensions > 3,
      lockMs: 100,
    })
    expect(seen('strict').near).toBe(0)
  })
})
