import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RevocadeError } from '../../errors.js'
import type { Committed, Written } from '../../ports/index.js'
import { shareOut } from '../network/group-commit.js'
import type { ServerClock } from '../network/server-clock.js'
import type { Argument, StoreConnection } from './connection.js'
import { describe, isAnswer, isTransient, NotConnectedError, toRevocadeError } from './errors.js'
import type { RedisStoreSettings } from './options.js'
import { joined, readTime, timesOfMutation } from './row-codec.js'
import { WRITE } from './scripts/write-script.js'
import { placed } from './session-codec.js'
import type { OpenedStore } from './setup.js'

/** Milliseconds until a batch is sent again. */
const RETRY_MS = 50
/** '1' */
const MADE = 0x31
/** Bytes of one result of a batch that changed what was there. */
const RESULT_BYTES = 22

/** What one call wants to be written. */
export interface Work {
  /** Mutations, as in row-codec.ts. */
  readonly rows: readonly Buffer[]
  /** A commit of refresh tokens that they belong to, as in session-codec.ts. */
  readonly sessions?: Buffer
}

/** What became of it. */
export interface Done {
  readonly committed: Committed
  /** False: a condition of the commit of refresh tokens does not hold. */
  readonly isMade: boolean
}

/**
 * Commits batches, one after another, each by one script. What counts as durable:
 *
 * - The server answered. It checks in the script that it is a master with an append-only file.
 * - As many replicas as are demanded have the commit.
 * - If the answer was lost, the batch is sent again. Its tag shows whether it was committed before: then it
 *   is not committed again, and the answer is the same.
 */
export class Committer {
  readonly #connection: StoreConnection
  readonly #store: OpenedStore
  readonly #settings: RedisStoreSettings
  readonly #clock: ServerClock
  readonly #name = randomBytes(8)
  #batches = 0
  /** The number of the last change of this process. */
  lastSeq: number
  /** Why nothing may be committed at present. */
  refusal: string | undefined

  constructor(
    connection: StoreConnection,
    store: OpenedStore,
    settings: RedisStoreSettings,
    clock: ServerClock,
  ) {
    this.#connection = connection
    this.#store = store
    this.#settings = settings
    this.#clock = clock
    this.lastSeq = store.seq
  }

  /** Commits what was called: all of it or nothing. When it resolves, it is durable. */
  async commit(works: readonly Work[]): Promise<Done[]> {
    if (this.refusal !== undefined)
      throw new RevocadeError('ERR_NOT_DURABLE', `nothing was acknowledged: ${this.refusal}`)
    const batch: Batch = { ...packed(works), tag: randomBytes(8), number: ++this.#batches }
    const reply = await this.#sent(batch)
    const committed = this.#committed(batch, reply)
    const parts = shareOut(
      committed,
      works.map(({ rows }) => rows),
    )
    let number = 0
    return works.map(({ sessions }, i) => {
      const isMade = sessions === undefined || reply[5][number++] === MADE
      return { committed: parts[i] ?? committed, isMade }
    })
  }

  async #sent(batch: Batch): Promise<Reply> {
    try {
      return await this.#send(batch)
    } catch (error) {
      if (!this.#mayPass(error)) throw toRevocadeError(error, 'write')
      return this.#sendAgain(batch, error)
    }
  }

  /** Where another server takes over, there will be a connection again. */
  #mayPass(error: unknown): boolean {
    const { kind } = this.#settings.target
    if (error instanceof NotConnectedError) return kind === 'sentinel' || kind === 'cluster'
    return isTransient(error)
  }

  /** Sends a batch again that may stand, or that another server may take. */
  async #sendAgain(batch: Batch, error: unknown): Promise<Reply> {
    const end = performance.now() + this.#settings.writeTimeoutMs
    let lost = mayStand(error) ? error : undefined
    for (;;) {
      await sleep(RETRY_MS)
      try {
        return await this.#send(batch)
      } catch (error) {
        lost ??= mayStand(error) ? error : undefined
        if (isTransient(error) && performance.now() < end) continue
        throw lost === undefined ? toRevocadeError(error, 'write') : unknownOutcome(lost, error)
      }
    }
  }

  async #send({ packed, sessions, tag, number }: Batch): Promise<Reply> {
    const { id, namespace, namespaceId, head, ownToleranceSeconds } = this.#store
    const { durability, waitReplicas, writeTimeoutMs: timeoutMs } = this.#settings
    const args: Argument[] = [
      ...[id, namespace, namespaceId, tag, this.#name, number, this.#clock.now() + timeoutMs],
      ...[ownToleranceSeconds, durability === 'demand' ? '1' : '0', packed, sessions],
    ]
    if (waitReplicas === 0) {
      return (await this.#connection.run(WRITE, head, args, timeoutMs)) as Reply
    }
    const wait = { replicas: waitReplicas, timeoutMs }
    const [reply, replicas] = await this.#connection.runAndWait(WRITE, head, args, wait)
    if (replicas < waitReplicas) throw tooFewReplicas(replicas, waitReplicas)
    return reply as Reply
  }

  #committed({ rows, tag }: Batch, reply: Reply): Committed {
    const [base, before, seq, bits, results] = reply
    const written =
      results.length > 0
        ? Array.from(rows, (_, i) => toWritten(results, i * RESULT_BYTES))
        : rows.map((row, i) => ({ seq: base + 1 + i, already: false, ...timesOfMutation(row) }))
    this.lastSeq = Math.max(this.lastSeq, seq)
    const previous = before.toString('hex')
    const epoch = seq > base ? tag.toString('hex') : previous
    return { epoch, previous, written, buckets: { bits, tag: new Uint8Array(tag) } }
  }
}

/** Rows on their way: one commit. */
interface Batch {
  readonly rows: readonly Buffer[]
  readonly packed: Buffer
  /** The commits of refresh tokens. */
  readonly sessions: Buffer
  readonly tag: Buffer
  readonly number: number
}

type Reply = readonly [
  ...[base: number, previous: Buffer, seq: number, bits: number, results: Buffer],
  made: Buffer,
]

/** The works of a batch, one after the other. */
function packed(works: readonly Work[]): Pick<Batch, 'rows' | 'packed' | 'sessions'> {
  const sessions: Buffer[] = []
  let at = 0
  for (const work of works) {
    const { length } = work.rows
    if (work.sessions !== undefined) sessions.push(placed(work.sessions, at, length))
    at += length
  }
  const rows = works.flatMap((work) => work.rows)
  return { rows, packed: joined(rows), sessions: Buffer.concat(sessions) }
}

function toWritten(results: Buffer, at: number): Written {
  const flags = results.readUInt8(at + 14)
  return {
    seq: readTime(results, at),
    expiresAt: readTime(results, at + 7),
    already: (flags & 1) !== 0,
    ...((flags & 2) === 0 ? {} : { notBefore: readTime(results, at + 15) }),
  }
}

/** Whether a batch may have been committed. Not if it was not sent, or if the server refused it. */
const mayStand = (error: unknown): boolean => !isAnswer(error) && !(error instanceof NotConnectedError)

const tooFewReplicas = (replicas: number, wanted: number): RevocadeError =>
  new RevocadeError(
    'ERR_NOT_DURABLE',
    `nothing was acknowledged, but the commit stands: of ${wanted} demanded replicas ${replicas} had it in ` +
      'time. A failover may lose it: look at the replicas, and try again',
  )

function unknownOutcome(lost: unknown, error: unknown): RevocadeError {
  const why = error instanceof RevocadeError ? error.message : describe(error)
  return new RevocadeError(
    'ERR_NOT_DURABLE',
    `nothing was acknowledged, but the commit may stand: its answer was lost, and ${why}. Try again`,
    { cause: lost },
  )
}
