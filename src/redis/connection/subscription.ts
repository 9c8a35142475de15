import type { RedisClient } from './client.js'

/** What a {@link Subscription} listens to and calls. */
export interface SubscriptionDeps {
  /** A connection for this subscription alone. It reconnects by itself. */
  readonly client: RedisClient
  readonly channel: string
  readonly onMessage: (message: string) => void
  /** Called each time that the subscription is made. */
  readonly onListening?: () => void
}

/** Subscribes to one channel, again after each reconnection. Messages during an interruption are lost. */
export class Subscription {
  listening = false
  readonly #deps: SubscriptionDeps

  constructor(deps: SubscriptionDeps) {
    this.#deps = deps
    const { client } = deps
    client.on('ready', this.#onReady)
    client.on('close', this.#onClose)
    client.on('message', this.#onMessage)
  }

  start(): void {
    const { client } = this.#deps
    // After a failure `listening` stays false, and the client tries again.
    if (client.status === 'wait') client.connect().catch(() => undefined)
    else if (client.status === 'ready') this.#onReady()
  }

  stop(): void {
    const { client } = this.#deps
    client.off('ready', this.#onReady)
    client.off('close', this.#onClose)
    client.off('message', this.#onMessage)
    client.disconnect()
  }

  readonly #onReady = (): void => {
    const { client, channel, onListening } = this.#deps
    client.subscribe(channel).then(
      () => {
        this.listening = true
        onListening?.()
      },
      () => undefined, // the connection was lost: the next one subscribes
    )
  }

  readonly #onClose = (): void => {
    this.listening = false
  }

  readonly #onMessage = (_channel: string, message: string): void => this.#deps.onMessage(message)
}
