import { join } from 'node:path'
import fc from 'fast-check'
import { createRevocade, type Revocade, RevocadeError } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import { expect, it } from 'vitest'
import { histories, report } from '../../support/scale.js'
import { temporaryDirectory } from '../../support/temp.js'
import { nowSeconds } from '../../support/time.js'
import { id, type Shaped, shaped, where } from './arbitraries.js'
import {
  type Claims,
  ID_CLAIMS,
  idKey,
  isRevocable,
  isStorable,
  isUsable,
  know,
  type Known,
  MAX_BYTES,
  selectorKey,
  SELECTORS,
  withClaims,
} from './model.js'

const directory = temporaryDirectory()
const expiresAt = nowSeconds() + 3600
const counts = { histories: 0, operations: 0, checks: 0, revoked: 0, refused: 0 }

type Selected = typeof where extends fc.Arbitrary<infer T> ? T : never
type Id = typeof id extends fc.Arbitrary<infer T> ? T : never

/** An engine and what it should know. */
class Subject {
  readonly #engine: Revocade
  readonly #revoked = new Set<string>()
  /** What names an id and no issuer: it has no cutoff. */
  readonly #ids = new Set<string>()
  /** The names of selectors that were ever revoked: checks look for these. */
  readonly #live = new Set<string>()

  constructor(engine: Revocade) {
    this.#engine = engine
  }

  async revoke({ token, claims }: Shaped, bulk: boolean): Promise<void> {
    const known = know(token, claims)
    const may = isRevocable(known)
    const done = await this.#attempt(may, () =>
      bulk ? this.#engine.revokeMany([{ token, expiresAt }]) : this.#engine.revoke(token, { expiresAt }),
    )
    if (done && known.identity !== undefined) this.#revoked.add(known.identity)
  }

  async revokeWhere({ names, values }: Selected, bulk: boolean): Promise<void> {
    const selector = Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<string, string>
    const options = { expiresAt, issuedBefore: expiresAt }
    const done = await this.#attempt(values.every(isStorable), () =>
      bulk
        ? this.#engine.revokeMany([{ where: selector, ...options }])
        : this.#engine.revokeWhere(selector, options),
    )
    if (done) this.#add(names, values)
  }

  async revokeId({ claim, value, iss }: Id): Promise<void> {
    const entry = { [claim]: value, expiresAt, ...(iss === undefined ? {} : { iss }) }
    const done = await this.#attempt(isStorable(value), () => this.#engine.revokeMany([entry as never]))
    if (!done) return
    if (iss === undefined) {
      this.#add([claim], [value])
      this.#ids.add(selectorKey([claim], [value]))
    } else this.#revoked.add(idKey(claim, value, iss))
  }

  async unrevoke({ token, claims }: Shaped): Promise<void> {
    const known = know(token, claims)
    const done = await this.#attempt(known.identity !== undefined, () => this.#engine.unrevoke(token))
    if (!done || known.identity === undefined) return
    this.#revoked.delete(known.identity)
    if (known.id !== undefined && (claims?.iss === undefined || claims.iss === ''))
      this.#forget(selectorKey([known.id[0]], [known.id[1]]))
  }

  async unrevokeWhere({ names, values }: Selected): Promise<void> {
    const selector = Object.fromEntries(names.map((name, i) => [name, values[i]])) as Record<string, string>
    if (await this.#attempt(values.every(isUsable), () => this.#engine.unrevokeWhere(selector)))
      this.#forget(selectorKey(names, values))
  }

  async check({ token, claims }: Shaped): Promise<void> {
    counts.checks++
    const known = know(token, claims)
    const expected = this.#expected(known)
    const answer = await this.#answer(token, {})
    if (expected === 'revoked') counts.revoked++
    expect(answer).toMatch(expected)
    if (this.#engine.isClearlyActive(token)) expect(answer).toBe('active')
    const alone = await this.#answer(token, { selectorsOnly: true })
    if (known.identity !== undefined || known.invalid) expect(alone).toBe(answer)
    else if (this.#selected(known)) expect(alone).not.toBe('active')
    else if (known.selectors.length === 0 && claims !== undefined)
      expect(alone).toMatch(/^(active|ERR_TOKEN_NOT_IDENTIFIABLE|ERR_INVALID_TOKEN)$/)
  }

  /** What a check must answer. */
  #expected(known: Known): RegExp | string {
    if (known.invalid) return 'ERR_INVALID_TOKEN'
    if (known.identity === undefined) return 'ERR_TOKEN_NOT_IDENTIFIABLE'
    if (known.tooMuch.some((key) => this.#live.has(key))) return /^(revoked|ERR_INVALID_TOKEN)$/
    if (this.#revoked.has(known.identity)) return 'revoked'
    if (!this.#selected(known)) return 'active'
    const live = known.selectors.filter((key) => this.#revoked.has(key))
    // A cutoff can't be compared with an `iat` that is none. What has no cutoff revokes, if asked first.
    const cutoffs = live.filter((key) => !this.#ids.has(key))
    if (known.dated || cutoffs.length === 0) return 'revoked'
    return cutoffs.length === live.length ? 'ERR_INVALID_TOKEN' : /^(revoked|ERR_INVALID_TOKEN)$/
  }

  #selected({ selectors }: Known): boolean {
    return selectors.some((key) => this.#revoked.has(key))
  }

  async #answer(token: string | Claims, options: { selectorsOnly?: boolean }): Promise<string> {
    try {
      const verdict = await this.#engine.check(token, options)
      if (verdict.status !== 'unknown')
        expect(await this.#engine.isRevoked(token, options)).toBe(verdict.status === 'revoked')
      return verdict.status
    } catch (error) {
      return codeOf(error)
    }
  }

  async #attempt(may: boolean, operation: () => Promise<unknown>): Promise<boolean> {
    try {
      await operation()
      expect(may).toBe(true)
      return true
    } catch (error) {
      expect(may, messageOf(error)).toBe(false)
      counts.refused++
      return false
    }
  }

  #forget(key: string): void {
    this.#revoked.delete(key)
    this.#ids.delete(key)
  }

  #add(names: readonly string[], values: readonly unknown[]): void {
    this.#revoked.add(selectorKey(names, values))
    this.#live.add(JSON.stringify(names))
  }
}

function messageOf(error: unknown): string {
  codeOf(error)
  return String(error)
}

/** Only the engine's own errors are allowed to come out of it. */
function codeOf(error: unknown): string {
  if (!(error instanceof RevocadeError)) throw error
  return error.code
}

const operation = fc.oneof(
  fc.record({ name: fc.constant('revoke' as const), token: shaped, bulk: fc.boolean() }),
  fc.record({ name: fc.constant('revokeWhere' as const), where, bulk: fc.boolean() }),
  fc.record({ name: fc.constant('revokeId' as const), id }),
  fc.record({ name: fc.constant('unrevoke' as const), token: shaped }),
  fc.record({ name: fc.constant('unrevokeWhere' as const), where }),
)

type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

async function run(subject: Subject, step: Operation): Promise<void> {
  counts.operations++
  switch (step.name) {
    case 'revoke':
      return subject.revoke(step.token, step.bulk)
    case 'revokeWhere':
      return subject.revokeWhere(step.where, step.bulk)
    case 'revokeId':
      return subject.revokeId(step.id)
    case 'unrevoke':
      return subject.unrevoke(step.token)
    case 'unrevokeWhere':
      return subject.unrevokeWhere(step.where)
  }
}

/** A token that an operation names, with further claims of another one. */
function named(step: Operation, other: Shaped | undefined): Shaped {
  if ('token' in step) return step.token
  const { names, values } =
    'where' in step
      ? step.where
      : { names: [step.id.claim, 'iss'], values: [step.id.value, step.id.iss ?? 'b'] }
  const claims = withClaims({ jti: 'n', ...other?.claims }, names, values)
  return { token: claims, claims }
}

let file = 0
const stores = {
  memory: () => new MemoryStore(),
  SQLite: () => join(directory, `${++file}.db`),
}

it.each([
  ['memory', 150],
  ['SQLite', 5],
] as const)(
  'tokens of any shape: no foreign error, no needless refusal, no "active" of what was revoked (%s)',
  async (store, runs) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 1, maxLength: 20 }),
        fc.array(shaped, { minLength: 1, maxLength: 30 }),
        async (steps, tokens) => {
          counts.histories++
          await using engine = await createRevocade({
            store: stores[store](),
            claims: SELECTORS.map((names) => [...names]),
            idClaims: ID_CLAIMS,
            maxTokenBytes: MAX_BYTES,
            snapshot: false,
          })
          const subject = new Subject(engine)
          for (const step of steps) await run(subject, step)
          for (const [i, step] of steps.entries())
            await subject.check(named(step, tokens.at(i % tokens.length)))
          for (const token of tokens) await subject.check(token)
        },
      ),
      histories(runs),
    )
    report('token shapes', counts)
    expect(counts.revoked).toBeGreaterThan(0)
  },
  3_600_000,
)
