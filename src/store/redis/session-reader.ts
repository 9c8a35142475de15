import type { SessionGroup, StoredSession } from '../../ports/index.js'
import type { Argument } from './connection.js'
import type { Script } from './scripts/script.js'
import { GET_SALT, GET_SESSION, LIST_SESSIONS, PAGE_SESSIONS } from './scripts/session-scripts.js'
import { toSession } from './session-codec.js'

/** The hashes that the rows are divided into, by the leading bits of the family. */
const HASHES = 4096

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

  async list(group: SessionGroup): Promise<StoredSession[]> {
    const which = 'sub' in group ? ['u', Buffer.from(group.sub)] : ['l', Buffer.from(group.sid)]
    const rows = toSessions((await this.#run(LIST_SESSIONS, which)) as readonly Buffer[])
    return rows.toSorted((a, b) => a.createdAt - b.createdAt || Buffer.compare(a.family, b.family))
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
