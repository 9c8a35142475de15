import type { Committed } from '../../ports/index.js'
import type { DurableCalls } from './durable-calls.js'
import { newTag, type PackedSessions, type SessionAnswer, toCommitted } from './session-batch.js'
import type { OpenedStore } from './setup.js'

/** Commits refresh tokens: a group of commits is one call of `commit_sessions_v1`. */
export class SessionCommitter {
  /** The number of the last change that this process committed so. */
  lastSeq = 0
  readonly #calls: DurableCalls
  readonly #store: OpenedStore
  readonly #commitSql: string
  readonly #outcomeSql: string
  /** The last version that this process was given. A group that is looked for comes after it. */
  #lastVersion = 0

  constructor(calls: DurableCalls, store: OpenedStore) {
    this.#calls = calls
    this.#store = store
    this.#commitSql = `SELECT * FROM ${store.schema}.commit_sessions_v1($1::text, $2::text, $3::int,
      $4::bytea, $5::bigint, $6::int, $7::bigint, $8::jsonb)`
    this.#outcomeSql = `SELECT * FROM ${store.schema}.session_outcome_v1($1::bytea, $2::bigint, $3::int)`
  }

  /** Judges and makes commits, in their order. When it resolves, those that were made are durable. */
  async commit(group: readonly PackedSessions[]): Promise<(Committed | undefined)[]> {
    const { id, namespace, namespaceId, ownToleranceSeconds } = this.#store
    const { notAfter, lockMs } = this.#calls
    const tag = `\\x${newTag()}`
    const commits = JSON.stringify(group.map(({ json }) => json))
    const { row } = await this.#calls.commit(
      {
        sql: this.#commitSql,
        values: [id, namespace, namespaceId, tag, notAfter, lockMs, ownToleranceSeconds, commits],
      },
      () => ({ sql: this.#outcomeSql, values: [tag, this.#lastVersion, lockMs] }),
    )
    const [result, version] = row
    this.#lastVersion = Math.max(this.#lastVersion, Number(version))
    const answers = JSON.parse(result ?? '[]') as SessionAnswer[]
    for (const answer of answers) this.lastSeq = Math.max(this.lastSeq, answer?.[0] ?? 0)
    return group.map((commit, i) => toCommitted(commit, answers[i] ?? null))
  }
}
