import type { BulkReceipt, Revocade, RevocationInput } from '../../api.js'
import { readOptions } from '../../options.js'
import { CliError, type ErrorReport, reportOf } from '../errors.js'
import type { Entry, Input } from '../formats/entry.js'
import { mutationsOf } from '../mutations.js'
import { engineOptions, type TokenOptions } from '../options.js'
import { isOrAre } from '../output/counted.js'
import { combineStates } from '../output/redis-receipt.js'
import { withStore } from '../with-store.js'
import { MAX_ADDED, Plan } from './engine-plan.js'
import { EntryQueue, LineIndex } from './peekable-batches.js'

const TOO_MANY_KINDS: ErrorReport = {
  code: 'ERR_BAD_LINE',
  message: `the file has more than ${MAX_ADDED} kinds of selectors and ids`,
}

/** What became of the lines of a file. */
export interface ImportSummary {
  lines: number
  imported: number
  /** How many of `imported` were revoked already. */
  already: number
  expired: number
  invalid: number
  redis: BulkReceipt['redis']
  /** Selectors that occur in the file but not in `--claims`. */
  addedClaims: string[][]
  /** Id claims that occur in the file but not in `--id-claims`. */
  addedIdClaims: string[]
  /** Lines that name an id without issuer, so that no token with an issuer is revoked by them. */
  withoutIssuer: number
  /** Ids that may be a text or a number, so that each was taken as both and is counted twice. */
  asBoth: number
}

/** What an import does with its lines. */
export interface ImporterOptions extends TokenOptions {
  readonly strict?: boolean
  /** An id without issuer is that id of any issuer. */
  readonly anyIssuer?: boolean
}

/** What an import tells its caller on the way. */
export interface ImportHooks {
  /** Called for each line that can't be used, except in strict mode. */
  readonly onBad: (line: number, error: ErrorReport) => void
  /** Called with the bytes read from the file and the number of entries that are durable. */
  readonly onProgress: (bytes: number, durable: number) => void
  /** An error in the words of the input, where it has names of its own for the fields. */
  readonly inWords?: (error: ErrorReport) => ErrorReport
}

/**
 * Thrown in strict mode for the first bad line. The lines before it are durable; none after it is imported.
 */
export class StrictImportError extends CliError {
  override readonly cause: ErrorReport

  constructor(line: number, error: ErrorReport, durable: number) {
    super(
      'ERR_BAD_LINE',
      `line ${line}: ${error.code}: ${error.message}. Of the lines before it, ${durable} ` +
        `${isOrAre(durable)} imported and durable; nothing after it is.`,
    )
    this.cause = error
  }
}

/**
 * Feeds the engine with the entries of a file.
 *
 * An engine accepts only the selectors and id claims that it was configured with, but a file may hold others.
 * The importer opens an engine for the lines that were read together, and feeds it until one needs more. Then
 * it opens the next engine. Raw tokens always run with the configured id claims, so that the lines before a
 * token never change which of its claims identifies it.
 */
export class Importer {
  readonly summary: ImportSummary = {
    lines: 0,
    imported: 0,
    already: 0,
    expired: 0,
    invalid: 0,
    redis: 'off',
    addedClaims: [],
    addedIdClaims: [],
    withoutIssuer: 0,
    asBoth: 0,
  }
  readonly #options: ImporterOptions
  readonly #hooks: ImportHooks
  readonly #entries: EntryQueue
  #bytes = 0
  #failure: { line: number; error: ErrorReport } | undefined

  constructor(batches: AsyncIterable<Entry[]>, options: ImporterOptions, hooks: ImportHooks) {
    this.#options = options
    this.#hooks = hooks
    this.#entries = new EntryQueue(batches)
  }

  /** @throws {StrictImportError} in strict mode, when a line can't be used */
  async run(): Promise<ImportSummary> {
    try {
      await this.#skipUnusable()
      for (;;) {
        const next = await this.#entries.upcoming()
        if (this.#stopped() || next.length === 0) break
        const plan = new Plan(this.#options, this.summary, next)
        await withStore(this.#options, plan.overrides(), (engine) => this.#importRun(engine, plan))
      }
    } finally {
      await this.#entries.close()
    }
    if (this.#failure !== undefined)
      throw new StrictImportError(this.#failure.line, this.#failure.error, this.summary.imported)
    return this.summary
  }

  /** Takes the lines before the first one that an engine accepts: an engine for these alone makes a store. */
  async #skipUnusable(): Promise<void> {
    for (;;) {
      const batch = await this.#entries.current()
      if (batch === undefined) return
      const problemOf = this.#judge(batch.rest())
      for (let entry = batch.next(); entry !== undefined; entry = batch.next()) {
        const problem = problemOf(entry)
        if (problem === undefined) {
          batch.back()
          return
        }
        this.#count(entry)
        this.#reject(entry.line, problem)
        if (this.#stopped()) return
      }
    }
  }

  /** Judges as an engine would that is opened for these entries. One that needs another may be good. */
  #judge(next: readonly Entry[]): (entry: Entry) => ErrorReport | undefined {
    const plan = new Plan(this.#options, this.summary, next)
    const mutations = mutationsOf(readOptions({ ...engineOptions(this.#options), ...plan.overrides() }))
    return (entry) => {
      try {
        if ('error' in entry) throw entry.error
        if (plan.judge(entry.needs) === 'fits') mutations.ofEntry(this.#formOf(entry))
        return undefined
      } catch (error) {
        return reportOf(error)
      }
    }
  }

  async #importRun(engine: Revocade, plan: Plan): Promise<void> {
    const lines = new LineIndex()
    const before = this.summary.imported
    const receipt = await engine.revokeMany(this.#inputs(plan, lines), {
      onInvalid: (error, _entry, index) => this.#reject(lines.lineOf(index), reportOf(error)),
      onProgress: (durable) => this.#hooks.onProgress(this.#bytes, before + durable),
    })
    this.summary.imported += receipt.count
    this.summary.already += receipt.already
    this.summary.expired += receipt.expired
    this.summary.redis = combineStates([this.summary.redis, receipt.redis])
  }

  async *#inputs(plan: Plan, lines: LineIndex): AsyncGenerator<RevocationInput, void, void> {
    for (;;) {
      const batch = await this.#entries.current()
      if (batch === undefined) return
      for (let entry = batch.next(); entry !== undefined; entry = batch.next()) {
        const fit = 'error' in entry ? 'bad line' : plan.judge(entry.needs)
        if (fit === 'another engine') {
          batch.back()
          return
        }
        this.#count(entry)
        const input = this.#inputOf(entry, fit, lines)
        const { invalid } = this.summary
        if (input !== undefined) yield input
        // The engine validates an entry before it asks for the next one: no line after a bad one was taken.
        if (this.#stopped()) return
        const taken = input !== undefined && this.summary.invalid === invalid
        const asNumber = taken ? this.#asNumber(entry, lines) : undefined
        if (asNumber !== undefined) yield asNumber
      }
    }
  }

  /** A method, not a field: the answer may change while the engine validates an entry. */
  #stopped(): boolean {
    return this.#failure !== undefined
  }

  /** @returns undefined for a line that can't be used */
  #inputOf(entry: Entry, fit: string, lines: LineIndex): RevocationInput | undefined {
    if ('error' in entry || fit !== 'fits') {
      this.#reject(entry.line, 'error' in entry ? reportOf(entry.error) : TOO_MANY_KINDS)
      return undefined
    }
    lines.add(entry.line)
    const input = this.#formOf(entry)
    if (input === entry.withoutIssuer) this.summary.withoutIssuer++
    return input
  }

  #formOf({ input, withoutIssuer }: Input): RevocationInput {
    return withoutIssuer === undefined || this.#options.anyIssuer === true ? input : withoutIssuer
  }

  #asNumber(entry: Entry, lines: LineIndex): RevocationInput | undefined {
    if ('error' in entry || entry.asNumber === undefined) return undefined
    // An id of any issuer is one value as a text and as a number.
    if (entry.withoutIssuer !== undefined && this.#options.anyIssuer === true) return undefined
    this.summary.asBoth++
    lines.add(entry.line)
    return entry.asNumber
  }

  #count(entry: Entry): void {
    this.summary.lines++
    this.#bytes += entry.bytes
  }

  #reject(line: number, report: ErrorReport): void {
    const error = this.#hooks.inWords?.(report) ?? report
    this.summary.invalid++
    if (this.#options.strict === true) this.#failure ??= { line, error }
    else this.#hooks.onBad(line, error)
  }
}
