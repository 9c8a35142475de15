import { setTimeout as sleep } from 'node:timers/promises'

/** Seconds since 1970, by this machine's clock, rounded down. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** The Unix time that is so many seconds from now. */
export const inSeconds = (seconds: number): number => nowSeconds() + seconds

/** An expiry that no test outlives: the Unix time in 24 hours. */
export const TOMORROW = inSeconds(86_400)

/** A clock that tests set. */
export class ManualClock {
  wall = 1_800_000_000_000
  elapsed = 1n
  now = (): number => this.wall
  monotonic = (): bigint => this.elapsed

  advance(ms: number): void {
    this.wall += ms
    this.elapsed += BigInt(ms) * 1_000_000n
  }
}

/** A Unix time far in the future of a {@link ManualClock} and of the machine's clock: nothing expires. */
export const FAR_FUTURE = 1_900_000_000

/** Less than the timeout of a test (60 s), so that the error names the condition. */
const GIVE_UP_MS = 50_000

/** Waits until a condition holds. It fails only after a time that no machine should need. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  giveUpMs = GIVE_UP_MS,
): Promise<void> {
  for (const end = performance.now() + giveUpMs; !(await holds());) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await sleep(5)
  }
}
