import { RevocadeError } from '../errors.js'
import type { Collected, RevocationStore, ScanChunk, ScanCollector, ScanEnd } from '../ports/index.js'
import type { FusePrefilter } from '../prefilter/fuse.js'
import type { ExpiryHistogram } from './expiry-histogram.js'
import { createCollector, fuseCollector, isCollectedFuse } from './fuse-collector.js'
import { addTo, type Generation } from './generation.js'
import { Slices } from './slices.js'

type Scan = AsyncGenerator<ScanChunk, ScanEnd, void>

/** Entries added between two looks at the clock. */
const STEP = 256
/** Entries that a collector takes at once. */
const COLLECTED_STEP = 4096

/** Adds what a scan yields. The event loop turns between slices: each new page of memory is slow at first. */
export async function fillByAdding(
  next: Generation,
  first: IteratorResult<ScanChunk, ScanEnd>,
  scan: Scan,
): Promise<ScanEnd> {
  const slices = new Slices()
  let step = first
  while (step.done !== true) {
    const { digests, expiresAt } = step.value
    slices.begin()
    for (let i = 0; i < expiresAt.length; i++) {
      const expiry = expiresAt.at(i) ?? 0
      addTo(next, digests.subarray(i * 4, i * 4 + 4), expiry, undefined)
      if (i % STEP === 0 && slices.over) await slices.next()
    }
    step = await scan.next()
  }
  return step.value
}

/**
 * Gives a filter its base: built in the thread that scans the store, or here in slices where the store has no
 * such thread.
 */
export async function fillBase(
  prefilter: FusePrefilter,
  expiries: ExpiryHistogram,
  store: RevocationStore,
  leftOutUpTo: number,
): Promise<ScanEnd> {
  const collector = fuseCollector(prefilter.bits)
  const { value, end } =
    (await store.collect?.(leftOutUpTo, collector)) ??
    (await collectHere(store.scan(leftOutUpTo), collector.options))
  if (!isCollectedFuse(value))
    throw new RevocadeError(
      'ERR_STORE_UNAVAILABLE',
      `the store's collect() did not resolve with what the collector made: it must import and call it`,
    )
  prefilter.setBase(value.parts)
  expiries.merge(value.expiries)
  return end
}

/** Collects what a scan yields in this thread, in slices. */
async function collectHere(scan: Scan, options: unknown): Promise<Collected> {
  const collector = createCollector(options)
  const slices = new Slices()
  const end = await addAll(scan, collector, slices)
  slices.begin()
  const steps = collector.finish()
  for (;;) {
    const built = steps.next()
    if (built.done === true) return { value: built.value.value, end }
    if (slices.over) await slices.next()
  }
}

async function addAll(scan: Scan, collector: ScanCollector, slices: Slices): Promise<ScanEnd> {
  for (;;) {
    const step = await scan.next()
    if (step.done === true) return step.value
    slices.begin()
    for (const piece of pieces(step.value)) {
      collector.add(piece)
      if (slices.over) await slices.next()
    }
  }
}

/** A chunk may be of any size. */
function* pieces({ digests, expiresAt }: ScanChunk): Generator<Pick<ScanChunk, 'digests' | 'expiresAt'>> {
  for (let from = 0; from < expiresAt.length; from += COLLECTED_STEP) {
    const to = from + COLLECTED_STEP
    yield { digests: digests.subarray(from * 4, to * 4), expiresAt: expiresAt.subarray(from, to) }
  }
}
