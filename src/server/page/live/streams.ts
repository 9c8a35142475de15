import { PassThrough } from 'node:stream'
import type { Login } from '../logins.js'
import { Places } from '../places.js'

/** Streams in all, and of one admin. */
const MOST = { inAll: 64, ofAdmin: 24 }
/** Of one login: browsers open no more connections to one server. */
const MOST_OF_LOGIN = 6
/** Bytes that wait for a client that does not read. */
const MOST_WAITING = 256 * 1024

interface Open {
  readonly login: Login
  /** Whether the login still holds. */
  readonly isSignedIn: () => boolean
}

/** The pages that are being kept up to date, by server-sent events. */
export class Streams {
  readonly #open = new Map<PassThrough, Open>()
  readonly #places = new Places(MOST)
  #ended = false

  get size(): number {
    return this.#open.size
  }

  /** @returns a stream; undefined when there are too many, or the server is about to end */
  begin(login: Login, isSignedIn: () => boolean): PassThrough | undefined {
    const own = [...this.#open.values()].filter((open) => open.login === login).length
    if (this.#ended || own >= MOST_OF_LOGIN) return undefined
    const giveBack = this.#places.take(login)
    if (giveBack === undefined) return undefined
    const stream = new PassThrough()
    this.#open.set(stream, { login, isSignedIn })
    const end = (): void => void stream.end()
    login.ended.addEventListener('abort', end, { once: true })
    stream.once('close', () => {
      this.#open.delete(stream)
      giveBack()
      login.ended.removeEventListener('abort', end)
    })
    stream.on('error', () => undefined) // The client has gone.
    return stream
  }

  /** Sends an event to all, and ends the streams of logins that are over. */
  send(event: string): void {
    for (const [stream, { isSignedIn }] of this.#open) {
      if (!isSignedIn()) stream.end()
      else if (stream.writableLength + stream.readableLength > MOST_WAITING) stream.destroy()
      else if (!stream.writableEnded) stream.write(event)
    }
  }

  /** Ends all, and begins no more. */
  end(): void {
    this.#ended = true
    for (const stream of this.#open.keys()) stream.end()
  }
}

/** An event as a stream has it. In JSON there is no line break. */
export const eventOf = (name: string, data: unknown): string =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
