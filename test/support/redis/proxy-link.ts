import type { Socket } from 'node:net'
import { type Arrival, carry } from './proxy-direction.js'

/** What a proxy does to the connections through it, now. */
export interface Faults {
  latencyMs: number
  /** Nothing arrives any more, nor does the end of a connection. */
  blackHole: boolean
  /** The client is not told that the server's side is gone. */
  halfOpen: boolean
  /** The connection that yields the next bytes from the server ends after so many of them. */
  cut: { left: number; link: Link | undefined } | undefined
}

export interface Bytes {
  toServer: number
  toClient: number
}

/** One connection through a proxy. */
export class Link {
  readonly #client: Socket
  readonly #server: Socket
  readonly #faults: Faults
  readonly #bytes: Bytes
  /** Bytes were lost, or the server's side is gone, and the client has not been told. */
  #broken = false

  /** @param server Connected or connecting. */
  constructor(client: Socket, server: Socket, faults: Faults, bytes: Bytes) {
    this.#client = client
    this.#server = server
    this.#faults = faults
    this.#bytes = bytes
    carry(
      client,
      server,
      () => faults.latencyMs,
      (arrival) => this.#atServer(arrival),
    )
    carry(
      server,
      client,
      () => faults.latencyMs,
      (arrival) => this.#atClient(arrival),
    )
  }

  get broken(): boolean {
    return this.#broken
  }

  get closed(): boolean {
    return this.#client.closed && this.#server.closed
  }

  #atServer(arrival: Arrival): void {
    const { blackHole, halfOpen } = this.#faults
    if (blackHole || this.#server.destroyed) {
      this.#broken ||= blackHole || halfOpen
      if (typeof arrival === 'string') this.#client.destroy() // nobody waits there
    } else if (arrival === 'end') this.#server.end()
    else if (arrival === 'reset') this.#server.destroy()
    else {
      this.#bytes.toServer += arrival.length
      this.#server.write(arrival)
    }
  }

  #atClient(arrival: Arrival): void {
    const { blackHole, halfOpen, cut } = this.#faults
    if (blackHole || (halfOpen && typeof arrival === 'string')) this.#broken = true
    else if (this.#client.destroyed) return
    else if (arrival === 'end') this.#client.end()
    else if (arrival === 'reset') this.#client.resetAndDestroy()
    else if (cut !== undefined && (cut.link ??= this) === this) this.#cutShort(arrival, cut)
    else this.#pass(arrival)
  }

  #cutShort(bytes: Buffer, cut: { left: number }): void {
    const rest = bytes.subarray(0, cut.left)
    cut.left -= rest.length
    this.#pass(rest)
    if (cut.left > 0) return
    this.#faults.cut = undefined
    this.#client.end()
    this.#server.destroy()
  }

  #pass(bytes: Buffer): void {
    if (this.#client.writableEnded) return // cut short
    this.#bytes.toClient += bytes.length
    this.#client.write(bytes)
  }

  /** RST to the client, whatever is on its way. */
  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.destroy()
  }

  /** The server's side goes, and the client is not told. */
  abandon(): void {
    this.#broken = true
    this.#server.destroy()
  }
}
