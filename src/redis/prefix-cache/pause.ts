import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for some milliseconds, or until `signal` aborts. Never rejects, and keeps no process alive. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined)
}
