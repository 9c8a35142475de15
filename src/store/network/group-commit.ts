import { RevocadeError } from '../../errors.js'
import type { Committed } from '../../ports/index.js'

/** Weight of one commit, unless one call has more. */
const BATCH = 4096
/** Weight that may wait. */
const MAX_WAITING = 131_072

interface Call<P, R> {
  readonly work: P
  readonly weight: number
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** What a store gives its {@link GroupCommit}: `P` is what a call wants, in the form in which it is sent. */
export interface GroupCommitDeps<P, R> {
  /** Commits all calls or none, and says what became of each. */
  readonly commit: (calls: readonly P[]) => Promise<readonly R[]>
  /** Whether the server could not be reached. It is then not asked again for each batch that waits. */
  readonly isUnreachable: (error: unknown) => boolean
}

/**
 * Group commit: one batch is on its way, and everything that is called meanwhile is the next one. The calls
 * of one turn of the event loop are together from the start.
 */
export class GroupCommit<P, R> {
  readonly #deps: GroupCommitDeps<P, R>
  #calls: Call<P, R>[] = []
  #waiting = 0
  #running: Promise<void> | undefined
  /** Commits since the store was opened. */
  commits = 0

  constructor(deps: GroupCommitDeps<P, R>) {
    this.#deps = deps
  }

  /** The weight of the calls that are not answered yet. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Resolves once the work is durable, in one commit.
   *
   * @param weight How many rows it writes.
   * @throws {RevocadeError} ERR_UNAVAILABLE when too many are waiting
   */
  add(work: P, weight: number): Promise<R> {
    if (this.#waiting + weight > MAX_WAITING && this.#waiting > 0)
      throw new RevocadeError('ERR_UNAVAILABLE', `${this.#waiting} writes are waiting: try again later`)
    this.#waiting += weight
    const done = new Promise<R>((resolve, reject) => {
      this.#calls.push({ work, weight, resolve, reject })
    })
    this.#running ??= Promise.resolve().then(() => this.#run())
    return done.finally(() => (this.#waiting -= weight))
  }

  /** Resolves when nothing is waiting. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#calls.length > 0) {
      const calls = this.#nextBatch()
      try {
        const results = await this.#deps.commit(calls.map(({ work }) => work))
        this.commits++
        for (const [i, result] of results.entries()) calls[i]?.resolve(result)
      } catch (error) {
        const lost = this.#deps.isUnreachable(error)
        for (const { reject } of lost ? [...calls, ...this.#calls.splice(0)] : calls) reject(error)
      }
    }
    this.#running = undefined
  }

  /** Whole calls, as many as fit. */
  #nextBatch(): Call<P, R>[] {
    let total = 0
    let taken = 0
    for (const { weight } of this.#calls) {
      if (taken > 0 && total + weight > BATCH) break
      total += weight
      taken++
    }
    return this.#calls.splice(0, taken)
  }
}

/** Of a commit of the mutations of several calls, the part of each. */
export function shareOut(
  { written, ...commit }: Committed,
  calls: readonly (readonly unknown[])[],
): Committed[] {
  let at = 0
  return calls.map(({ length }) => ({ ...commit, written: written.slice(at, (at += length)) }))
}
