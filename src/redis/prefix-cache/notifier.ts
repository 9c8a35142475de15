import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from '../../ports/index.js'
import type { Notifier, NotifierListener, NotifierStats } from '../../ports/notifier.js'
import type { RedisClient } from '../connection/client.js'
import type { RedisCommands } from '../connection/commands.js'
import { Subscription } from '../connection/subscription.js'

/** The longest message that is looked at, in characters. Ours are shorter. */
const MAX_CHARACTERS = 128
/** Answers to `figures` in a second. Others are left out: each takes some hundredths of a millisecond. */
const MAX_ANSWERS = 50

/** What a {@link RedisNotifier} sends and receives with. */
export interface RedisNotifierDeps {
  /** A connection for this subscription alone. */
  readonly subscriber: RedisClient
  readonly commands: Pick<RedisCommands, 'available' | 'send'>
  /** The channel of the engines on one store and namespace. */
  readonly channel: string
  readonly logger: Logger
}

/**
 * Wake-ups by Redis publish/subscribe. Two messages exist: `wake <seq>` announces a commit, and `figures
 * <asker>` asks each engine to publish its statistics on the channel `<channel>:<asker>`. Anybody on the
 * server can send both, so neither is trusted: a wake-up only makes the next poll come sooner, and a flood of
 * either costs a bounded amount of work.
 */
export class RedisNotifier implements Notifier {
  readonly #deps: RedisNotifierDeps
  readonly #subscription: Subscription
  /** Names this engine in its answers. */
  readonly #engine = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`
  #listener: NotifierListener | undefined
  #sent = 0
  #received = 0
  /** The highest number that was to be announced. */
  #seq = 0
  #publishing = false
  /** Answers since {@link RedisNotifier.#answersFrom}, by `performance.now()`. */
  #answers = 0
  #answersFrom = 0

  constructor(deps: RedisNotifierDeps) {
    this.#deps = deps
    this.#subscription = new Subscription({
      client: deps.subscriber,
      channel: deps.channel,
      onMessage: (message) => this.#receive(message),
    })
  }

  /** Connects and subscribes, in the background. */
  start(): void {
    this.#subscription.start()
  }

  listen(listener: NotifierListener): void {
    this.#listener = listener
  }

  /**
   * One message is in flight at a time. Commits during that time share the next one, which carries the
   * highest number.
   */
  announce(seq: number): void {
    this.#seq = Math.max(this.#seq, seq)
    if (this.#publishing || !this.#deps.commands.available) return
    this.#publishing = true
    const announced = this.#seq
    this.#deps.commands
      .send('PUBLISH', this.#deps.channel, `wake ${announced}`)
      .then(
        () => this.#sent++,
        () => undefined, // the others' next poll finds the change
      )
      .finally(() => {
        this.#publishing = false
        if (this.#seq > announced) this.announce(this.#seq)
      })
  }

  stats(): NotifierStats {
    return { listening: this.#subscription.listening, sent: this.#sent, received: this.#received }
  }

  close(): void {
    this.#listener = undefined
    this.#subscription.stop()
  }

  /** Runs inside an event of the client: an exception would end the process. */
  #receive(message: string): void {
    this.#received++
    const listener = this.#listener
    if (listener === undefined || message.length > MAX_CHARACTERS) return
    const [word, argument = ''] = message.split(' ')
    try {
      if (word === 'wake' && /^\d{1,16}$/.test(argument)) listener.onWake(Number(argument))
      else if (word === 'figures' && /^[\w-]{1,64}$/.test(argument)) this.#answer(argument, listener)
    } catch (error) {
      this.#deps.logger.debug({ err: error, word }, 'a message from Redis could not be handled')
    }
  }

  #answer(asker: string, listener: NotifierListener): void {
    const { commands, channel } = this.#deps
    if (!commands.available || !this.#mayAnswer()) return
    const answer = JSON.stringify({ engine: this.#engine, ...listener.engineStats() })
    // If it fails, the asker repeats the question.
    commands.send('PUBLISH', `${channel}:${asker}`, answer).catch(() => undefined)
  }

  #mayAnswer(): boolean {
    const now = performance.now()
    if (now >= this.#answersFrom + 1000) {
      this.#answersFrom = now
      this.#answers = 0
    }
    return ++this.#answers <= MAX_ANSWERS
  }
}
