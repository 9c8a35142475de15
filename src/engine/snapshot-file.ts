import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isNativeError } from 'node:util/types'
import type { Settings } from '../options.js'
import type { Position, Prefilter, RevocationStore, StoreInfo } from '../ports/index.js'
import { decodeSnapshot, snapshotPieces } from '../prefilter/snapshot.js'
import type { LivePrefilter, LivePrefilterState } from './live-prefilter.js'
import { mayLackLive } from './retention.js'

/** What the file holds besides the filter, as JSON. */
interface Meta extends LivePrefilterState {
  readonly position: Position
  /** See {@link SnapshotFile.beside}: the file may have been renamed. */
  readonly fingerprint: string
}

/** Changes since the snapshot that a start applies within some ten milliseconds. */
const STALE_CHANGES = 4096
/** Milliseconds after which the process that wrote a temporary file must have died. */
const ABANDONED_MS = 60_000

/** What a start reads from a snapshot. */
export interface RestoredPrefilter {
  readonly prefilter: Prefilter
  readonly state: LivePrefilterState
  readonly position: Position
}

/**
 * A copy of the prefilter beside the store: a start reads a few megabytes and the latest changes instead of
 * every row. It is a cache. If it is missing, damaged, or of another store or other options, the start reads
 * the store.
 */
export class SnapshotFile {
  /** Of the files beside the store: a fingerprint follows. */
  readonly #prefix: string
  readonly #path: string
  readonly #fingerprint: string
  readonly #settings: Settings
  #saving: Promise<void> = Promise.resolve()
  #savedSeq = -1

  private constructor(prefix: string, fingerprint: string, settings: Settings) {
    this.#prefix = `${prefix}-`
    this.#path = `${this.#prefix}${fingerprint}`
    this.#fingerprint = fingerprint
    this.#settings = settings
  }

  /**
   * Undefined if the store has no place for a snapshot. The fingerprint, in the file and in its name, depends
   * on everything that must not be mixed up: store, key, namespace, kind of filter, grace.
   */
  static beside(store: RevocationStore, info: StoreInfo, settings: Settings): SnapshotFile | undefined {
    if (store.snapshotPath === undefined) return undefined
    const of = [
      info.id,
      Buffer.from(info.key).toString('hex'),
      settings.namespace,
      settings.prefilter,
      settings.graceSeconds,
    ]
    const fingerprint = createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 16)
    return new SnapshotFile(store.snapshotPath, fingerprint, settings)
  }

  /**
   * The snapshot, if it is intact. The first poll finds out whether its position is in the store's history.
   */
  async load(): Promise<RestoredPrefilter | undefined> {
    const { logger } = this.#settings
    await this.#removeAbandoned()
    try {
      const { prefilter, meta } = await decodeSnapshot(await readFile(this.#path))
      const { position, fingerprint, ...state } = readMeta(meta)
      if (fingerprint !== this.#fingerprint) throw new TypeError('the snapshot is of another store')
      if (mayLackLive(state.leftOutUpTo, this.#settings)) {
        throw new TypeError('the clock was ahead when its filter was filled')
      }
      this.#savedSeq = position.seq
      return { prefilter, state, position }
    } catch (error) {
      if (!(isNativeError(error) && 'code' in error && error.code === 'ENOENT')) {
        logger.warn(
          { err: error, path: this.#path },
          'the snapshot of the prefilter is ignored: the start reads the store',
        )
      }
      return undefined
    }
  }

  /** At the end of a start: writes a snapshot in the background if there was none that could be used. */
  async begin(live: LivePrefilter, position: Position): Promise<void> {
    if (position.seq === 0) await this.#warnOfEarlierStore()
    if (this.#savedSeq < 0) void this.save(live, position)
  }

  /**
   * For a store that has never had a change: warns if a snapshot beside it has some. Then the file of the
   * store was deleted or emptied, and what was revoked passes again.
   */
  async #warnOfEarlierStore(): Promise<void> {
    const [folder, prefix] = [dirname(this.#prefix), basename(this.#prefix)]
    for (const name of await readdir(folder).catch(() => [])) {
      if (!name.startsWith(prefix) || !/^[\da-f]{16}$/.test(name.slice(prefix.length))) continue
      const path = join(folder, name)
      const seq = await seqOf(path)
      if (seq === 0) continue
      this.#settings.logger.warn(
        { path, changes: seq },
        'the store is new and empty, but the snapshot of an earlier one is beside it: if nobody removed ' +
          'that store on purpose, restore it from a backup; else remove the snapshot',
      )
    }
  }

  /** Removes half-written files of processes that were killed. */
  async #removeAbandoned(): Promise<void> {
    const [folder, prefix] = [dirname(this.#path), `${basename(this.#path)}.`]
    try {
      for (const name of await readdir(folder)) {
        if (!name.startsWith(prefix)) continue
        const { mtimeMs } = await stat(join(folder, name))
        if (Date.now() - mtimeMs > ABANDONED_MS) await rm(join(folder, name), { force: true })
      }
    } catch {
      // Another process was faster, or the folder can't be listed: the files only cost space.
    }
  }

  /** Replaces the file if the changes since would make the next start slow. */
  saveIfStale(live: LivePrefilter, position: Position): Promise<void> {
    const changes = position.seq - this.#savedSeq
    return changes > STALE_CHANGES + live.prefilter.entries / 8
      ? this.save(live, position)
      : Promise.resolve()
  }

  /** Replaces the file in one step. A failure is logged: it only makes the next start slower. */
  save(live: LivePrefilter, position: Position): Promise<void> {
    this.#savedSeq = position.seq
    // Read now: a rebuild may replace the prefilter before the previous write ends.
    const { prefilter, state } = live
    this.#saving = this.#saving.then(() => this.#write(prefilter, state, position))
    return this.#saving
  }

  async #write(prefilter: Prefilter, state: LivePrefilterState, position: Position): Promise<void> {
    const { logger } = this.#settings
    const temporary = `${this.#path}.${process.pid}.${randomBytes(4).toString('hex')}`
    try {
      const meta: Meta = { ...state, position, fingerprint: this.#fingerprint }
      await writeFile(temporary, snapshotPieces(prefilter, Buffer.from(JSON.stringify(meta))), {
        mode: 0o600,
      })
      await rename(temporary, this.#path)
    } catch (error) {
      logger.warn({ err: error, path: this.#path }, 'the snapshot of the prefilter could not be written')
      // Removing may fail for the same reason as writing.
      await rm(temporary, { force: true }).catch(() => undefined)
    }
  }
}

/** The last change that a snapshot has; 0 if it can't be read. */
async function seqOf(path: string): Promise<number> {
  try {
    const { meta } = await decodeSnapshot(await readFile(path))
    return readMeta(meta).position.seq
  } catch {
    return 0
  }
}

/** The checksum proves that the bytes are intact; this checks their shape. */
function readMeta(bytes: Uint8Array): Meta {
  const meta: unknown = JSON.parse(Buffer.from(bytes).toString())
  if (isMeta(meta)) return meta
  throw new TypeError('the snapshot is of another version, or lacks what it was made by')
}

function isMeta(value: unknown): value is Meta {
  if (typeof value !== 'object' || value === null) return false
  const field = (name: string): unknown => Reflect.get(value, name)
  const position = field('position')
  const lists = Array.isArray(field('expiries')) && Array.isArray(field('selectors'))
  const madeBy = typeof field('leftOutUpTo') === 'number' && typeof field('fingerprint') === 'string'
  return lists && madeBy && typeof position === 'object' && position !== null
}
