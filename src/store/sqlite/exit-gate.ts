import { RevocadeError } from '../../errors.js'

/** Whether the thread is in a call; whether it may make no more. */
const INSIDE = 0
const CLOSED = 1
/** Milliseconds that the end of the process waits for a call that is under way. */
const LONGEST_WAIT_MS = 1000

/**
 * Keeps a thread from making calls into SQLite that may fail while the process ends. `process.exit()` stops
 * every thread wherever it is. If that is where the driver makes the error of a failed call, it can't, and
 * aborts the process.
 */
export class ExitGate {
  readonly #cells: Int32Array

  /** @param memory of {@link openGate}, in the thread that it is for */
  constructor(memory = new SharedArrayBuffer(8)) {
    this.#cells = new Int32Array(memory)
  }

  /** Makes a short call, or throws ERR_NOT_DURABLE if the process ends. */
  pass<Result>(call: () => Result): Result {
    Atomics.store(this.#cells, INSIDE, 1)
    try {
      // Only now: whoever has closed the gate since waits for this call.
      if (Atomics.load(this.#cells, CLOSED) === 1)
        throw new RevocadeError('ERR_NOT_DURABLE', 'nothing was acknowledged: the process ends')
      return call()
    } finally {
      Atomics.store(this.#cells, INSIDE, 0)
      Atomics.notify(this.#cells, INSIDE)
    }
  }

  /** For the main thread. Waits until the other one is in no call. */
  close(): void {
    Atomics.store(this.#cells, CLOSED, 1)
    Atomics.wait(this.#cells, INSIDE, 1, LONGEST_WAIT_MS)
  }
}

const open = new Set<ExitGate>()
const closeAll = (): void => {
  for (const gate of open) gate.close()
}

/** The memory of a gate that closes when the process ends, and how to forget it once the thread has ended. */
export function openGate(): { readonly memory: SharedArrayBuffer; readonly release: () => void } {
  const memory = new SharedArrayBuffer(8)
  const gate = new ExitGate(memory)
  // One listener for all: Node.js warns of more than ten.
  if (open.size === 0) process.on('exit', closeAll)
  open.add(gate)
  return {
    memory,
    release: () => {
      open.delete(gate)
      if (open.size === 0) process.off('exit', closeAll)
    },
  }
}
