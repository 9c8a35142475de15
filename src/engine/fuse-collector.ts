import type { CollectorModule, CreateCollector } from '../ports/index.js'
import type { FingerprintBits, FuseParts } from '../prefilter/binary-fuse.js'
import { FuseConstruction } from '../prefilter/fuse-construction.js'
import { ExpiryHistogram } from './expiry-histogram.js'

// Runs in the thread that scans the store, where there is one.

/** The base of a `fuse` prefilter, and how many of its entries expire when. */
export interface CollectedFuse {
  /** Undefined without entries. */
  readonly parts: FuseParts | undefined
  /** As {@link ExpiryHistogram.toJSON} has it. */
  readonly expiries: readonly (readonly [number, number])[]
}

/** This module, for {@link RevocationStore.collect}. */
export function fuseCollector(bits: FingerprintBits): CollectorModule {
  return { url: import.meta.url, options: bits }
}

/** Builds a base of fingerprints with as many bits as `options` says. */
export const createCollector: CreateCollector = (options) => {
  const construction = new FuseConstruction(options === 8 ? 8 : 16)
  const expiries = new ExpiryHistogram()
  return {
    add({ digests, expiresAt }) {
      construction.add(digests)
      for (let i = 0; i < expiresAt.length; i++) expiries.add(expiresAt[i] ?? 0)
    },
    *finish() {
      const parts = yield* construction.steps()
      const value: CollectedFuse = { parts, expiries: expiries.toJSON() }
      return { value, transfer: parts === undefined ? [] : [parts.cells.buffer] }
    },
  }
}

/** Whether a value is what this module's collector made. */
export function isCollectedFuse(value: unknown): value is CollectedFuse {
  if (typeof value !== 'object' || value === null || !('parts' in value) || !('expiries' in value))
    return false
  const { parts, expiries } = value
  return Array.isArray(expiries) && (parts === undefined || (typeof parts === 'object' && parts !== null))
}
