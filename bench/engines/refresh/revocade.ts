import { createRevocade, type Revocade, RevocadeError } from '#dist/index.js'
import { createSessions, type Sessions } from '#dist/sessions/index.js'
import { MovingClock } from '../../harness/moving-clock.js'
import { type Issuer, serverOf } from './issuer.js'

const DAY = 86_400

/**
 * `revocade/sessions` with its default options, or with `replaySeconds: 0`, on two engines that share a
 * store. Their clock can be put forward.
 */
export class RevocadeSessions implements Issuer {
  readonly name: string
  readonly promises: 'window' | 'strict'
  readonly #clock: MovingClock
  readonly #engines: readonly Revocade[]
  readonly #sessions: readonly Sessions[]

  private constructor(
    { name, replaySeconds }: { readonly name: string; readonly replaySeconds: number | undefined },
    clock: MovingClock,
    engines: readonly Revocade[],
  ) {
    this.name = name
    this.promises = replaySeconds === 0 ? 'strict' : 'window'
    this.#clock = clock
    this.#engines = engines
    this.#sessions = engines.map((engine) =>
      createSessions(engine, { accessTokenSeconds: 600, replaySeconds }),
    )
  }

  /** @param store - the path of a file, or the URL of a server */
  static async open(name: string, store: string, replaySeconds?: number): Promise<RevocadeSessions> {
    const clock = new MovingClock()
    const open = (): Promise<Revocade> => createRevocade({ store, maxTokenLifetimeSeconds: 90 * DAY, clock })
    return new RevocadeSessions({ name, replaySeconds }, clock, [await open(), await open()])
  }

  async login(user: string): Promise<string> {
    const { refreshToken } = await serverOf(this.#sessions, 0).create({ sub: user })
    return refreshToken
  }

  async refresh(token: string, server = 0): Promise<string | undefined> {
    try {
      return (await serverOf(this.#sessions, server).rotate(token)).refreshToken
    } catch (error) {
      if (error instanceof RevocadeError && error.code === 'ERR_REFRESH_REFUSED') return undefined
      throw error
    }
  }

  pass(seconds: number): void {
    this.#clock.forward(seconds)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const engine of this.#engines) await engine.close()
  }
}
