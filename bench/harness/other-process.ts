import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Progress } from '../engines/revoker.js'
import { EXPIRES_AT } from '../inputs/claims.js'
import { nowNs } from './open-loop.js'

/** Another process that revokes in the same store file; it runs revoker.ts. */
export class OtherProcess {
  readonly #child: ChildProcess
  readonly #progress: Progress[] = []
  readonly #exit: Promise<number | null>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exit = new Promise((resolve) => child.once('exit', resolve))
  }

  /** Resolves when the process has opened the store. */
  static async start(store: string): Promise<OtherProcess> {
    const other = new OtherProcess(
      fork(fileURLToPath(new URL('../engines/revoker.js', import.meta.url)), [store]),
    )
    const early = other.#exit.then((code) =>
      Promise.reject(new Error(`the other process ended with ${code} before it began`)),
    )
    await Promise.race([once(other.#child, 'message'), early])
    early.catch(() => undefined)
    return other
  }

  /** Tells the process to begin. */
  go(): void {
    this.#child.on('message', (progress) => void this.#progress.push(progress as Progress))
    this.#child.send('go')
  }

  /** The number of revocations acknowledged `agoMs` ago, as far as the process has reported. */
  acknowledged(agoMs = 0): number {
    const before = nowNs() - agoMs * 1e6
    return this.#progress.findLast(({ atNs }) => atNs < before)?.acknowledged ?? 0
  }

  /** JSON of the claims of a token revoked `agoMs` ago or earlier; undefined where there is none. */
  revokedToken(agoMs: number, choose: (count: number) => number): string | undefined {
    const count = this.acknowledged(agoMs)
    return count === 0 ? undefined : `{"jti":"other-${choose(count)}","exp":${EXPIRES_AT}}`
  }

  async stop(): Promise<void> {
    if (this.#child.connected) this.#child.send('stop')
    const code = await this.#exit
    if (code !== 0) throw new Error(`the other process ended with ${code}`)
  }
}
