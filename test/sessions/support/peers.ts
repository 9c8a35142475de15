import type { IssuedClaims } from '#dist/sessions/index.js'
import { Callee } from '../../support/process.js'
import { DAY_SECONDS } from '../../support/sessions.js'

const PEER = new URL('../children/peer.mjs', import.meta.url)
const PEERS = 4
/** Milliseconds from a call to the moment at which all peers begin. */
const HEAD_START_MS = 100

/** What a process is to do: refresh with a token, or end a login. */
export type PeerStep = { readonly token: string } | { readonly revoke: string }

/** What it came to; `is` may be the reason of a refusal. */
export interface Answer {
  readonly is: string
  readonly refreshToken?: string
  readonly claims?: IssuedClaims
}

export type Begun = Required<Pick<Answer, 'refreshToken' | 'claims'>>

/** Four processes with sessions on one store. */
export class Peers {
  readonly #engine: string
  readonly #replaySeconds: number
  readonly #all: Callee[]

  private constructor(engine: string, replaySeconds: number, all: Callee[]) {
    this.#engine = engine
    this.#replaySeconds = replaySeconds
    this.#all = all
  }

  static async start(store: string): Promise<Peers> {
    // Each check asks the store, so that what is revoked in one process is revoked in the others at once.
    const engine = JSON.stringify({ store, maxTokenLifetimeSeconds: 90 * DAY_SECONDS, maxStalenessMs: 0 })
    const first = await started(engine) // It makes the store.
    const others = Array.from({ length: PEERS - 1 }, () => started(engine))
    return new Peers(engine, 60, [first, ...(await Promise.all(others))])
  }

  /** The same processes, with another window for replays: 0 or 60 seconds. */
  withWindow(replaySeconds: 0 | 60): Peers {
    return new Peers(this.#engine, replaySeconds, this.#all)
  }

  async create(count: number): Promise<readonly Begun[]> {
    return (await this.#first.call('create', { count, replaySeconds: this.#replaySeconds })) as Begun[]
  }

  /**
   * Lets all of them begin at one moment.
   *
   * @param stepsOf - what a process does, for each session one step
   * @param killAfterMs - kills one in between, and starts another one in its place
   * @returns for each session the answers of the processes; one that was killed has none
   */
  async take(stepsOf: (peer: number) => readonly PeerStep[], killAfterMs?: number): Promise<Answer[][]> {
    const at = Date.now() + HEAD_START_MS
    const calls = this.#all.map(async (peer, i) => {
      const steps = stepsOf(i)
      const answers = peer.call('take', { steps, at, replaySeconds: this.#replaySeconds })
      return killAfterMs === undefined || i > 0 ? answers : answers.catch(() => [])
    })
    if (killAfterMs !== undefined) await this.#replaceFirst(HEAD_START_MS + killAfterMs)
    const answers = (await Promise.all(calls)) as Answer[][]
    return stepsOf(0).map((_, session) => answers.flatMap((all) => all[session] ?? []))
  }

  async count(subs: readonly string[]): Promise<readonly number[]> {
    return (await this.#first.call('count', { subs })) as number[]
  }

  /** Whether access tokens are revoked, as each of the processes says. */
  async areRevoked(claims: readonly IssuedClaims[]): Promise<readonly (readonly boolean[])[]> {
    return (await Promise.all(this.#all.map((peer) => peer.call('areRevoked', { claims })))) as boolean[][]
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((peer) => peer.kill()))
  }

  get #first(): Callee {
    const [first] = this.#all
    if (first === undefined) throw new Error('there are no processes')
    return first
  }

  /** The next one is the first from then on, so that each is killed in its turn. */
  async #replaceFirst(afterMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await this.#first.kill()
    this.#all.shift()
    this.#all.push(await started(this.#engine))
  }
}

async function started(engine: string): Promise<Callee> {
  const peer = new Callee(PEER, [engine])
  await peer.up
  return peer
}
