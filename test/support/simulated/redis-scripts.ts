import { targetToJson } from '#dist/store/format/target.js'
import { toStoredRow } from '#dist/store/redis/row-codec.js'
import { BEGIN_SCAN, GET, POLL, SCAN, TAGS } from '#dist/store/redis/scripts/read-scripts.js'
import { Script } from '#dist/store/redis/scripts/script.js'
import { ENTER, OPEN } from '#dist/store/redis/scripts/setup-scripts.js'
import { WRITE } from '#dist/store/redis/scripts/write-script.js'
import { type Applied, type Change, type HeldRow, History } from './history.js'

/** A row in the form of row-codec.ts. */
interface RedisRow extends HeldRow {
  readonly bytes: Buffer
}

type Argument = string | number | Buffer
type Answer = (args: readonly Argument[], age: number) => unknown

const ID = 'simulated'
const INFO =
  'redis_version:7.0.15\r\nrole:master\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\nevicted_keys:0\r\n'
const CONFIG = new Map([
  ['appendfsync', 'always'],
  ['min-replicas-to-write', '0'],
])
/** What each script of an open store begins with: id, namespace, its number. */
const GUARD = 3

const textOf = (argument: Argument | undefined): string =>
  Buffer.isBuffer(argument) ? argument.toString('hex') : String(argument)
const tagBytes = (tag: string | undefined): Buffer => Buffer.from(tag ?? '', 'hex')

function refusal(code: string): Error {
  const error = new Error(`ERR Error running script: RV-${code}`)
  error.name = 'ReplyError'
  return error
}

/**
 * Answers the scripts of the Redis store as a server does, with one bucket and one namespace, for
 * revocations that never expire.
 */
export class SimulatedScripts {
  readonly history = new History<RedisRow>()
  readonly #now: () => number
  readonly #scripts = new Map<string, Answer>([
    [new Script("return redis.call('INFO')").sha, () => Buffer.from(INFO)],
    [
      OPEN.sha,
      () => ['0', '1', ID].map((text) => Buffer.from(text)).concat(Buffer.alloc(16, 7), Buffer.alloc(0)),
    ],
    [ENTER.sha, () => [Buffer.from('1'), this.history.head.seq, 0, this.#now()]],
    [WRITE.sha, (args, age) => this.#write(args, age)],
    [POLL.sha, (args) => this.#poll(args)],
    [GET.sha, (args) => this.#get(args)],
    [TAGS.sha, (args) => args.slice(GUARD).map((seq) => tagBytes(this.history.tagAt(Number(seq))))],
    [BEGIN_SCAN.sha, () => [this.history.head.seq, tagBytes(this.history.head.tag), this.history.rows.size]],
    [SCAN.sha, (args) => this.#scan(args)],
  ])

  /** @param now - the server's clock, in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
  }

  /** @param age - how many milliseconds the command was on its way */
  answer(command: string, args: readonly Argument[], age: number): unknown {
    if (command === 'CONFIG') {
      const name = String(args[1])
      return [Buffer.from(name), Buffer.from(CONFIG.get(name) ?? '')]
    }
    const [sha, , , ...argv] = args
    const script = command === 'EVALSHA' ? this.#scripts.get(String(sha)) : undefined
    if (script === undefined) throw new Error(`the simulated server does not know ${command} ${String(sha)}`)
    return script(argv, age)
  }

  #write([, , , tag, name, number, notAfter, , , packed]: readonly Argument[], age: number): unknown {
    const { history } = this
    const [writer, batch] = [textOf(name), textOf(tag)]
    const last = history.notes.get(writer)
    if (last?.applied?.tag === batch) {
      history.counts.again++
      return replyOf(last.applied)
    }
    if ((last?.number ?? 0) >= Number(number) || this.#now() > Number(notAfter)) {
      history.counts.late++
      throw refusal('LATE')
    }
    const applied = history.apply(batch, Buffer.isBuffer(packed) ? changesOf(packed) : [], age)
    history.note(writer, { number: Number(number), applied })
    return replyOf(applied)
  }

  #poll([, , , after, afterTag, seen, limit]: readonly Argument[]): unknown {
    const { history } = this
    const { seq, tag } = history.head
    const start = [seq, tagBytes(tag), 0, this.#now()]
    if (seq === after && seen === after && textOf(afterTag) === tag) return start
    const later = history.after(Number(after))
    const page = later.slice(0, Number(limit))
    const complete = page.length === later.length
    const last = complete ? seq : (page.at(-1)?.seq ?? seq)
    const tags = [Number(after), Number(seen)].map((one) => tagBytes(history.tagAt(one)))
    const lastTag = tagBytes(history.tagAt(last))
    return [...start, ...tags, last, lastTag, yes(complete), Buffer.concat(page.map(numbered)), 0, []]
  }

  #get([, , , digest]: readonly Argument[]): unknown {
    const row = this.history.rows.get(textOf(digest))
    return row === undefined ? null : [row.seq, row.bytes]
  }

  #scan([, , , from, to, tag]: readonly Argument[]): unknown {
    const { history } = this
    if (Number(to) > history.head.seq || history.tagAt(Number(to)) !== textOf(tag)) throw refusal('OTHER')
    const rows = history.after(Number(from) - 1).filter(({ seq, revoked }) => seq <= Number(to) && revoked)
    const expiries = rows.map(({ expiresAt }) => {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(expiresAt)
      return bytes
    })
    const digests = Buffer.from(rows.map(({ digest }) => digest).join(''), 'hex')
    const selectors = rows.filter(({ target }) => target.startsWith('["where"')).map(numbered)
    return [Number(to), yes(true), digests, Buffer.concat(expiries), Buffer.concat(selectors)]
  }
}

const yes = (is: boolean): Buffer => Buffer.from(is ? '1' : '0')

/** Rows as a batch sends them, each with its length before it. */
function changesOf(packed: Buffer): (readonly [string, Change<RedisRow>])[] {
  const changes: (readonly [string, Change<RedisRow>])[] = []
  for (let at = 0; at < packed.length;) {
    const end = at + 4 + packed.readUInt32BE(at)
    const bytes = Buffer.from(packed.subarray(at + 4, end))
    changes.push([bytes.toString('hex', 0, 16), (seq, old) => changed(bytes, seq, old)])
    at = end
  }
  return changes
}

function changed(bytes: Buffer, seq: number, old: RedisRow | undefined): RedisRow | undefined {
  if ((bytes.readUInt8(18) & 1) === 1) return rowOf(bytes, seq)
  if (old?.revoked !== true) return undefined
  const taken = Buffer.from(old.bytes)
  taken.writeUInt8(taken.readUInt8(18) - 1, 18)
  return rowOf(taken, seq)
}

function rowOf(bytes: Buffer, seq: number): RedisRow {
  const { target, revoked, expiresAt, reason } = toStoredRow({ seq, bytes })
  const digest = bytes.toString('hex', 0, 16)
  return { digest, seq, revoked, expiresAt, target: targetToJson(target), reason, bytes }
}

/** A row as a reader gets it: number, length, bytes. */
function numbered({ seq, bytes }: RedisRow): Buffer {
  const start = Buffer.alloc(11)
  start.writeUIntBE(seq, 1, 6)
  start.writeUInt32BE(bytes.length, 7)
  return Buffer.concat([start, bytes])
}

/** What the write script returns. */
function replyOf({ base, previous, seq, written }: Applied): unknown {
  const isPlain = written.every((one, i) => one.seq === base + 1 + i && !one.already)
  const results = written.map((one) => {
    const bytes = Buffer.alloc(22)
    bytes.writeUIntBE(one.seq, 1, 6)
    bytes.writeUIntBE(one.expiresAt, 8, 6)
    bytes.writeUInt8(one.already ? 1 : 0, 14)
    return bytes
  })
  return [base, tagBytes(previous), seq, 0, isPlain ? Buffer.alloc(0) : Buffer.concat(results)]
}
