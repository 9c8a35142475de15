import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fileIdentity } from './file-identity.js'

interface Held {
  readonly descriptor: number
  users: number
}

/** The files that are held, by device and inode. */
const held = new Map<string, Held>()

/**
 * Reads a database file past SQLite. Closing any descriptor of it drops the POSIX locks that SQLite's
 * connections in this process hold. So the stores of a thread share one. It is closed when the last of them
 * has closed its connections.
 */
export class HeldFile {
  readonly #identity: string
  readonly #held: Held
  #released = false

  constructor(path: string) {
    const known = fileIdentity(path)
    const shared = known === undefined ? undefined : held.get(known)
    this.#held = shared ?? { descriptor: openSync(path, 'r'), users: 0 }
    this.#identity = identityOf(this.#held.descriptor)
    if (shared === undefined) held.set(this.#identity, this.#held)
    this.#held.users++
  }

  get #descriptor(): number {
    if (this.#released) throw new Error('the file was released')
    return this.#held.descriptor
  }

  get identity(): string {
    return this.#identity
  }

  /** Changes when the file is written to, unless two writes come within a tick of the system's clock. */
  stamp(): { readonly text: string; readonly changedAt: number } {
    const { size, mtimeNs } = fstatSync(this.#descriptor, { bigint: true })
    return { text: `${size} ${mtimeNs}`, changedAt: Number(mtimeNs / 1_000_000n) }
  }

  /** Up to `length` bytes; fewer at the end of the file. */
  read(position: number, length: number): Buffer {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, length, position))
  }

  /** Call it after the connections are closed. */
  release(): void {
    if (this.#released) return
    this.#released = true
    if (--this.#held.users > 0) return
    held.delete(this.#identity)
    closeSync(this.#held.descriptor)
  }
}

function identityOf(descriptor: number): string {
  const { dev, ino } = fstatSync(descriptor, { bigint: true })
  return `${dev}:${ino}`
}
