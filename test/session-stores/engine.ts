import { createRevocade, type Revocade, type RevocadeOptions } from 'revocade'
import { MemoryStore } from '#dist/testing/index.js'
import { lateStore } from '../support/late-store.js'

/** The longest life of sessions in these tests, in seconds. */
export const LIFETIME = 3600

/** An engine that asks its store each time, and the switch that takes the store away. */
export async function engineWithSwitch(options: RevocadeOptions = {}): Promise<{
  readonly revocade: Revocade
  readonly away: (isAway: boolean) => void
}> {
  let isAway = false
  const store = lateStore(
    new MemoryStore(),
    () => (isAway ? Promise.reject(new Error('the store is away')) : Promise.resolve()),
    { committed: () => undefined, written: () => undefined },
  )
  const revocade = await createRevocade({
    store,
    maxStalenessMs: 0,
    maxTokenLifetimeSeconds: LIFETIME,
    ...options,
  })
  return { revocade, away: (value) => (isAway = value) }
}

/** A promise, and what resolves it. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
