import type { RedisClient } from './client.js'

export interface SubscriptionDeps {
  /** A connection of its own. It goes on trying by itself. */
  readonly client: RedisClient
  readonly channel: string
  readonly onMessage: (message: string) => void
  /** Called whenever the channel is heard from then on. */
  readonly onListening?: () => void
}

/** Hears one channel, and does so again after each loss of the connection. What was said meanwhile is lost. */
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
    // A failure shows in that nothing is heard.
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
      () => undefined, // the connection was lost again: the next one tries
    )
  }

  readonly #onClose = (): void => {
    this.listening = false
  }

  readonly #onMessage = (_channel: string, message: string): void => this.#deps.onMessage(message)
}
