import type { SessionGroup, SessionPage, StoredSession } from '../../ports/index.js'
import type { Argument } from './connection.js'
import type { Script } from './scripts/script.js'
import { GET_SALT, GET_SESSION, LIST_SESSIONS, PAGE_SESSIONS } from './scripts/session-scripts.js'
import { toSession } from './session-codec.js'

/** The hashes that the rows are divided into, by the leading bits of the family. */
const HASHES = 4096
const FAMILY_BYTES = 16

type Run = (script: Script, args: readonly Argument[]) => Promise<unknown>

/** Reads refresh tokens. Each call is one script, and so one snapshot; a page may be several. */
export class SessionReader {
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
  }

  async get(family: Uint8Array): Promise<StoredSession | undefined> {
    const row = (await this.#run(GET_SESSION, [Buffer.from(family)])) as Buffer | null
    return row === null ? undefined : toSession(family, row)
  }

  /** `from` is the families that are left, in hexadecimal. */
  async list(group: SessionGroup, from = '', limit = 0): Promise<SessionPage> {
    const [kind, name] = 'sub' in group ? ['u', group.sub] : ['l', group.sid]
    const end = 2 * FAMILY_BYTES * limit
    const families = Buffer.from(from.slice(0, end), 'hex')
    const reply = await this.#run(LIST_SESSIONS, [kind, Buffer.from(name), limit, families])
    const [version, rows, left] = reply as readonly [Buffer, readonly Buffer[], Buffer]
    const rest = from === '' ? left.toString('hex') : from.slice(end)
    return {
      rows: toSessions(rows),
      next: rest === '' ? undefined : rest,
      version: Number(version.toString()),
    }
  }

  async page(after: Uint8Array | undefined, limit: number): Promise<StoredSession[]> {
    const found: StoredSession[] = []
    let hash = after === undefined ? 0 : ((after[0] ?? 0) << 4) | ((after[1] ?? 0) >> 4)
    while (hash < HASHES && found.length < limit) {
      const reply = await this.#run(PAGE_SESSIONS, [hash, limit - found.length])
      const [next, rows] = reply as readonly [number, readonly Buffer[]]
      const sorted = toSessions(rows).toSorted((a, b) => Buffer.compare(a.family, b.family))
      for (const row of sorted)
        if (after === undefined || Buffer.compare(row.family, after) > 0) found.push(row)
      hash = next
    }
    return found.slice(0, limit)
  }

  async salt(minute: number): Promise<Uint8Array | undefined> {
    const salt = (await this.#run(GET_SALT, [minute])) as Buffer | null
    return salt === null ? undefined : Uint8Array.from(salt)
  }
}

/** Of a list of families, each followed by its row. */
const toSessions = (pairs: readonly Buffer[]): StoredSession[] =>
  pairs.flatMap((family, i) => {
    const row = pairs[i + 1]
    return i % 2 === 0 && row !== undefined ? [toSession(family, row)] : []
  })
