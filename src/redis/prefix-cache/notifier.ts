import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { RedisClient } from '../connection/client.js'
import type { RedisCommands } from '../connection/commands.js'
import { Subscription } from '../connection/subscription.js'

export interface RedisNotifierDeps {
  readonly subscriber: RedisClient
  readonly commands: RedisCommands
  /** Where the engines on one store and namespace hear each other. */
  readonly channel: string
  /** Something was committed elsewhere, it is said, up to this number. */
  readonly onWake: (seq: number) => void
  /** What this engine tells whoever asks all engines for their figures. */
  readonly figures: () => object
}

/**
 * Messages between engines: "something was committed, look", and "tell your figures". They only make others look sooner at the
 * store. Nothing they say is taken for true, and one that is lost is made up for by the next poll.
 */
export class RedisNotifier {
  sent = 0
  received = 0
  readonly #deps: RedisNotifierDeps
  readonly #subscription: Subscription
  /** Names this engine to those who watch. */
  readonly #name = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`
  #seq = 0
  #saying = false

  constructor(deps: RedisNotifierDeps) {
    this.#deps = deps
    this.#subscription = new Subscription({
      client: deps.subscriber,
      channel: deps.channel,
      onMessage: (message) => this.#heard(message),
    })
  }

  get listening(): boolean {
    return this.#subscription.listening
  }

  start(): void {
    this.#subscription.start()
  }

  /** Tells the others. While one message is on its way the next waits, and stands for all that came meanwhile. */
  say(seq: number): void {
    this.#seq = Math.max(this.#seq, seq)
    if (this.#saying || !this.#deps.commands.available) return
    this.#saying = true
    const said = this.#seq
    this.#deps.commands
      .send('PUBLISH', this.#deps.channel, `wake ${said}`)
      .then(
        () => this.sent++,
        () => undefined, // their next poll finds it
      )
      .finally(() => {
        this.#saying = false
        if (this.#seq > said) this.say(this.#seq)
      })
  }

  stop(): void {
    this.#subscription.stop()
  }

  #heard(message: string): void {
    this.received++
    const [word, argument = ''] = message.split(' ')
    if (word === 'wake' && /^\d{1,16}$/.test(argument)) this.#deps.onWake(Number(argument))
    else if (word === 'figures' && /^[\w-]{1,64}$/.test(argument)) this.#answer(argument)
  }

  #answer(asker: string): void {
    const { commands, channel, figures } = this.#deps
    if (!commands.available) return
    commands
      .send('PUBLISH', `${channel}:${asker}`, JSON.stringify({ engine: this.#name, ...figures() }))
      .catch(() => undefined) // they ask again
  }
}
