import { pollIntervalMs } from '#dist/engine/poll-timer.js'
import { bloomShape, maxEntries } from '#dist/prefilter/sizing.js'

// The formulas of docs/scale.md. Nothing here is measured.

/** The default false-positive rate of a Bloom filter. */
const RATE = 1e-4
/** The filter has room for as many revocations again. */
const HEADROOM = 2
const BLOCK_BYTES = 64
/** An engine holds one connection that writes and one that reads. */
const CONNECTIONS = 2

/** Polls a second of so many engines. `pollMs`: what one poll takes; the interval begins at its end. */
export function pollsPerSecond(engines: number, maxStalenessMs: number, pollMs = 0): number {
  return (engines * 1000) / (pollIntervalMs({ maxStalenessMs, exclusive: false }) + pollMs)
}

/** Polls that are on their way at a moment, on average (Little's law). */
export function pollsInFlight(engines: number, maxStalenessMs: number, pollMs: number): number {
  return (pollsPerSecond(engines, maxStalenessMs, pollMs) * pollMs) / 1000
}

/** Connections that so many engines hold to their store. */
export const connections = (engines: number): number => engines * CONNECTIONS

/** Bloom filters of the largest size that so many live revocations need: more than one can't be had. */
export const filters = (revocations: number): number => (revocations * HEADROOM) / maxEntries(RATE)

/** Bytes of the prefilter in each process; undefined if it would be larger than a filter can be. */
export function prefilterBytes(revocations: number): number | undefined {
  if (filters(revocations) > 1) return undefined
  return bloomShape(revocations * HEADROOM, RATE).blocks * BLOCK_BYTES
}

/** Messages a second that Redis delivers: each commit wakes every other engine. */
export const wakeUps = (engines: number, commitsPerSecond: number): number => engines * commitsPerSecond
