import { RevocadeError } from '../../errors.js'
import type { Committed, Mutation, Written } from '../../ports/index.js'

/** Mutations of one commit, unless one call has more. */
const BATCH = 4096
/** Mutations that may wait. */
const MAX_WAITING = 131_072

interface Call<P> {
  readonly mutations: readonly P[]
  readonly resolve: (committed: Committed) => void
  readonly reject: (error: unknown) => void
}

/** What a store gives its {@link GroupCommit}. `P` is a mutation in the form in which it is sent. */
export interface GroupCommitDeps<P> {
  /** Throws when the mutation can't be stored. */
  readonly pack: (mutation: Mutation) => P
  /** Commits all mutations or none. */
  readonly commit: (mutations: readonly P[]) => Promise<Committed>
  /** Whether the server could not be reached. It is then not asked again for each batch that waits. */
  readonly isUnreachable: (error: unknown) => boolean
}

/**
 * Group commit: one batch is on its way, and everything that is called meanwhile is the next one. The calls
 * of one turn of the event loop are together from the start.
 */
export class GroupCommit<P> {
  readonly #deps: GroupCommitDeps<P>
  #calls: Call<P>[] = []
  #waiting = 0
  #running: Promise<void> | undefined
  /** Commits since the store was opened. */
  commits = 0

  constructor(deps: GroupCommitDeps<P>) {
    this.#deps = deps
  }

  /** Mutations that are not acknowledged yet. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Resolves once all mutations are durable, in one commit.
   *
   * @throws {RevocadeError} ERR_UNAVAILABLE when too many are waiting
   */
  write(mutations: readonly Mutation[]): Promise<Committed> {
    if (this.#waiting + mutations.length > MAX_WAITING && this.#waiting > 0)
      throw new RevocadeError('ERR_UNAVAILABLE', `${this.#waiting} writes are waiting: try again later`)
    const packed = mutations.map((mutation) => this.#deps.pack(mutation))
    this.#waiting += packed.length
    const committed = new Promise<Committed>((resolve, reject) => {
      this.#calls.push({ mutations: packed, resolve, reject })
    })
    this.#running ??= Promise.resolve().then(() => this.#run())
    return committed.finally(() => (this.#waiting -= packed.length))
  }

  /** Resolves when nothing is waiting. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#calls.length > 0) {
      const calls = this.#nextBatch()
      try {
        const { written, ...commit } = await this.#deps.commit(calls.flatMap(({ mutations }) => mutations))
        this.commits++
        settle(calls, commit, written)
      } catch (error) {
        const lost = this.#deps.isUnreachable(error)
        for (const { reject } of lost ? [...calls, ...this.#calls.splice(0)] : calls) reject(error)
      }
    }
    this.#running = undefined
  }

  /** Whole calls, as many as fit. */
  #nextBatch(): Call<P>[] {
    let count = 0
    let taken = 0
    for (const { mutations } of this.#calls) {
      if (taken > 0 && count + mutations.length > BATCH) break
      count += mutations.length
      taken++
    }
    return this.#calls.splice(0, taken)
  }
}

/** Hands each call its part of the commit. */
function settle(
  calls: readonly Call<unknown>[],
  commit: Omit<Committed, 'written'>,
  written: readonly Written[],
): void {
  let at = 0
  for (const { mutations, resolve } of calls) {
    resolve({ ...commit, written: written.slice(at, (at += mutations.length)) })
  }
}
