import type { Socket } from 'node:net'

/** What arrives: bytes, the end of the stream (FIN), a broken connection (RST). */
export type Arrival = Buffer | 'end' | 'reset'

/** What may wait here. Beyond that the sender waits, as on any network. */
const MOST_HELD_BYTES = 1 << 20

/** What goes from one socket to another arrives in order, each part `latencyMs()` after it was sent. */
export function carry(
  from: Socket,
  to: Socket,
  latencyMs: () => number,
  deliver: (arrival: Arrival) => void,
): void {
  const underWay: { readonly due: number; readonly arrival: Arrival }[] = []
  let held = 0
  let timer: NodeJS.Timeout | undefined

  const move = (): void => {
    clearTimeout(timer)
    // What came later never overtakes, even if the latency is lower by now.
    for (let next = underWay.at(0); next !== undefined; next = underWay.at(0)) {
      if (from.destroyed && to.destroyed) return
      const ms = next.due - performance.now()
      if (ms > 0) {
        timer = setTimeout(move, ms)
        break
      }
      underWay.shift()
      held -= sizeOf(next.arrival)
      deliver(next.arrival)
    }
    if (!to.destroyed && held + to.writableLength > MOST_HELD_BYTES) from.pause()
    else from.resume()
  }
  const take = (arrival: Arrival): void => {
    underWay.push({ due: performance.now() + latencyMs(), arrival })
    held += sizeOf(arrival)
    move()
  }
  from
    .on('data', take)
    .on('end', () => take('end'))
    .on('error', () => take('reset'))
    .on('close', () => take('end'))
  to.on('drain', move).on('close', move)
}

const sizeOf = (arrival: Arrival): number => (typeof arrival === 'string' ? 0 : arrival.length)
