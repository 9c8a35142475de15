import { randomBytes } from 'node:crypto'
import type { Committed, SessionCommit, SessionRow } from '../../ports/index.js'
import { type Batch, columnsOf, hex, pack, toBatch, toWritten } from './batch.js'

/** A commit of refresh tokens on its way. */
export interface PackedSessions {
  /** As `commit_sessions_v1` takes it. */
  readonly json: object
  readonly mutations: Batch
  readonly weight: number
}

/**
 * Packs a commit.
 *
 * @param dropBefore Salts of earlier minutes than this are deleted, too.
 * @throws {RevocadeError} ERR_INVALID_TIME or ERR_CONFIG when it can't be stored.
 */
export function packSessions(commit: SessionCommit, dropBefore = 0): PackedSessions {
  const { put, salt } = commit
  const mutations = toBatch(commit.mutations.map(pack))
  const changes =
    mutations.mutations.length === 0
      ? {}
      : { tag: mutations.tag, distinct: mutations.distinct, mutations: columnsOf(mutations) }
  const json = {
    ...conditionsOf(commit),
    put: put.map(toRecord),
    ...(salt === undefined ? {} : { minute: salt.minute, salt: hex(salt.salt) }),
    ...(dropBefore > 0 ? { drop: Math.floor(dropBefore) } : {}),
    ...changes,
  }
  return { json, mutations, weight: 1 + put.length + commit.mutations.length }
}

/** The conditions by what they are about. */
function conditionsOf({ conditions }: SessionCommit): object {
  const families: object[] = []
  const digests: object[] = []
  const subs: object[] = []
  const sids: object[] = []
  for (const condition of conditions) {
    if ('family' in condition) families.push({ family: hex(condition.family), version: condition.version })
    else if ('digest' in condition) digests.push({ digest: hex(condition.digest), seq: condition.seq })
    else {
      const { group, rows, newest } = condition
      if ('sub' in group) subs.push({ name: group.sub, rows, newest })
      else sids.push({ name: group.sid, rows, newest })
    }
  }
  return { families, digests, subs, sids }
}

const toRecord = ({ family, sid, clientId, sub, createdAt, purgeAt, state }: SessionRow): object => ({
  ...{ family: hex(family), sid, client_id: clientId, sub },
  ...{ created_at: createdAt, purge_at: purgeAt, state: hex(state) },
})

/** The tag of a group of commits: 8 random bytes in hexadecimal. */
export const newTag = (): string => randomBytes(8).toString('hex')

/** What `apply_v1` returned for the mutations of a commit; empty if it has none; null: it was not made. */
export type SessionAnswer =
  | readonly []
  | readonly [seq: number, previous: string, bits: number, nothing: null, result: string | null]
  | null

/** What became of a commit. */
export function toCommitted({ mutations }: PackedSessions, answer: SessionAnswer): Committed | undefined {
  if (answer === null) return undefined
  const [seq = 0, previous = '', bits = 0, , result = null] = answer
  if (mutations.mutations.length === 0) return { epoch: '', written: [] }
  const written = toWritten(mutations, seq - mutations.mutations.length, result)
  const changed = written.some((one) => one.seq > 0)
  const tag = new Uint8Array(Buffer.from(mutations.tag, 'hex'))
  return { epoch: changed ? mutations.tag : previous, previous, written, buckets: { bits, tag } }
}
