import type { BulkReceipt, Revocade, RevocationInput } from '../../api.js'
import { CliError, type ErrorReport, reportOf } from '../errors.js'
import type { Entry } from '../formats/entry.js'
import { type TokenOptions } from '../options.js'
import { combineStates } from '../output/redis-receipt.js'
import { withStore } from '../with-store.js'
import { MAX_ADDED, Plan } from './engine-plan.js'
import { EntryQueue, LineIndex } from './peekable-batches.js'

export interface ImportSummary {
  lines: number
  imported: number
  expired: number
  invalid: number
  redis: BulkReceipt['redis']
  /** Selectors that the file holds and `--claims` does not name. */
  addedClaims: string[][]
  /** Id claims that the file holds and `--id-claims` does not name. */
  addedIdClaims: string[]
}

export interface ImportHooks {
  /** A line that can't be used. */
  readonly onBad: (line: number, error: ErrorReport) => void
  /** Bytes read of the file, entries that are durable. */
  readonly onProgress: (bytes: number, durable: number) => void
}

/** In strict mode: the first bad line. What came before it is durable, nothing after it was imported. */
export class StrictImportError extends CliError {
  override readonly cause: ErrorReport

  constructor(line: number, error: ErrorReport, durable: number) {
    super(
      'ERR_BAD_LINE',
      `line ${line}: ${error.code}: ${error.message}. Of the lines before it, ${durable} are imported and durable; nothing after it is.`,
    )
    this.cause = error
  }
}

/**
 * Feeds the engine with the entries of a file.
 *
 * An engine takes only selectors and id claims that it was configured with, and a file may hold any. So a stretch
 * of lines runs on one engine; a line that needs more ends it, and the next engine is set up for that, too. Raw
 * tokens always run on the configured id claims: what names them must not depend on the lines before.
 */
export class Importer {
  readonly summary: ImportSummary = {
    lines: 0,
    imported: 0,
    expired: 0,
    invalid: 0,
    redis: 'off',
    addedClaims: [],
    addedIdClaims: [],
  }
  readonly #options: TokenOptions
  readonly #strict: boolean
  readonly #hooks: ImportHooks
  readonly #entries: EntryQueue
  #bytes = 0
  #failure: { line: number; error: ErrorReport } | undefined

  constructor(
    batches: AsyncIterable<Entry[]>,
    options: TokenOptions & { readonly strict?: boolean },
    hooks: ImportHooks,
  ) {
    this.#options = options
    this.#strict = options.strict === true
    this.#hooks = hooks
    this.#entries = new EntryQueue(batches)
  }

  async run(): Promise<ImportSummary> {
    try {
      do {
        const plan = new Plan(this.#options, this.summary, await this.#entries.peek())
        await withStore(this.#options, plan.overrides(), (engine) => this.#importRun(engine, plan))
      } while (!this.#stopped() && (await this.#entries.peek()) !== undefined)
    } finally {
      await this.#entries.close()
    }
    if (this.#failure !== undefined)
      throw new StrictImportError(this.#failure.line, this.#failure.error, this.summary.imported)
    return this.summary
  }

  async #importRun(engine: Revocade, plan: Plan): Promise<void> {
    const lines = new LineIndex()
    const before = this.summary.imported
    const receipt = await engine.revokeMany(this.#inputs(plan, lines), {
      onInvalid: (error, _entry, index) => this.#reject(lines.lineOf(index), reportOf(error)),
      onProgress: (durable) => this.#hooks.onProgress(this.#bytes, before + durable),
    })
    this.summary.imported += receipt.count
    this.summary.expired += receipt.expired
    this.summary.redis = combineStates([this.summary.redis, receipt.redis])
  }

  async *#inputs(plan: Plan, lines: LineIndex): AsyncGenerator<RevocationInput, void, void> {
    for (;;) {
      const batch = await this.#entries.current()
      if (batch === undefined) return
      for (let entry = batch.next(); entry !== undefined; entry = batch.next()) {
        if ('error' in entry) {
          this.#count(entry)
          this.#reject(entry.line, reportOf(entry.error))
        } else {
          const fit = plan.judge(entry.needs)
          if (fit === 'another engine') {
            batch.back()
            return
          }
          this.#count(entry)
          if (fit === 'fits') {
            lines.add(entry.line)
            yield entry.input
          } else {
            this.#reject(entry.line, {
              code: 'ERR_BAD_LINE',
              message: `the file has more than ${MAX_ADDED} kinds of selectors and ids`,
            })
          }
        }
        // The engine judges an entry before it asks for the next one, so nothing has been taken past a bad line.
        if (this.#stopped()) return
      }
    }
  }

  /** Changes while an entry is with the engine. */
  #stopped(): boolean {
    return this.#failure !== undefined
  }

  #count(entry: Entry): void {
    this.summary.lines++
    this.#bytes += entry.bytes
  }

  #reject(line: number, error: ErrorReport): void {
    this.summary.invalid++
    if (this.#strict) this.#failure ??= { line, error }
    else this.#hooks.onBad(line, error)
  }
}
