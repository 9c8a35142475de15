import type { Revocade, RevocationInput } from '../api.js'
import type { RevocationStore } from '../ports.js'
import { type StoreOptions, type TokenOptions, withStore } from './common.js'
import { CliError, type ErrorReport, reportOf } from './errors.js'
import type { Entry, Needs } from './formats/entry.js'
import { shapeKey } from './targets.js'

export interface ImportSummary {
  lines: number
  imported: number
  expired: number
  invalid: number
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
    super('ERR_BAD_LINE', `line ${line}: ${error.code}: ${error.message}. Of the lines before it, ${durable} are imported and durable; nothing after it is.`)
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
  readonly summary: ImportSummary = { lines: 0, imported: 0, expired: 0, invalid: 0, addedClaims: [], addedIdClaims: [] }
  readonly #options: TokenOptions & StoreOptions
  readonly #strict: boolean
  readonly #hooks: ImportHooks
  readonly #entries: Entries
  #bytes = 0
  #failure: { line: number; error: ErrorReport } | undefined

  constructor(batches: AsyncIterable<Entry[]>, options: TokenOptions & { readonly strict?: boolean }, hooks: ImportHooks) {
    this.#options = options
    this.#strict = options.strict === true
    this.#hooks = hooks
    this.#entries = new Entries(batches)
  }

  async run(): Promise<ImportSummary> {
    try {
      do {
        const plan = new Plan(this.#options, this.summary, await this.#entries.peek())
        await withStore(this.#options, plan.overrides(), (engine, store) => this.#stretch(engine, store, plan))
      } while (!this.#stopped() && (await this.#entries.peek()) !== undefined)
    } finally {
      await this.#entries.close()
    }
    if (this.#failure !== undefined) throw new StrictImportError(this.#failure.line, this.#failure.error, this.summary.imported)
    return this.summary
  }

  async #stretch(engine: Revocade, _store: RevocationStore, plan: Plan): Promise<void> {
    const lines = new LineIndex()
    const before = this.summary.imported
    const receipt = await engine.revokeMany(this.#inputs(plan, lines), {
      onInvalid: (error, _entry, index) => this.#bad(lines.lineOf(index), reportOf(error)),
      onProgress: (durable) => this.#hooks.onProgress(this.#bytes, before + durable),
    })
    this.summary.imported += receipt.count
    this.summary.expired += receipt.expired
  }

  async *#inputs(plan: Plan, lines: LineIndex): AsyncGenerator<RevocationInput, void, void> {
    for (;;) {
      const batch = await this.#entries.current()
      if (batch === undefined) return
      for (let entry = batch.next(); entry !== undefined; entry = batch.next()) {
        if ('error' in entry) {
          this.#count(entry)
          this.#bad(entry.line, reportOf(entry.error))
        } else {
          if (!plan.takes(entry.needs)) {
            batch.back()
            return
          }
          this.#count(entry)
          lines.add(entry.line)
          yield entry.input
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

  #bad(line: number, error: ErrorReport): void {
    this.summary.invalid++
    if (this.#strict) this.#failure ??= { line, error }
    else this.#hooks.onBad(line, error)
  }
}

/** What the engine of one stretch is set up for. */
class Plan {
  readonly #claims: (string | string[])[]
  readonly #shapes: Set<string>
  readonly #idClaims: string[]
  /** On engines with added id claims no raw token is taken. */
  readonly #takesTokens: boolean

  constructor(options: TokenOptions, summary: ImportSummary, first: Entry | undefined) {
    const needs = first !== undefined && 'input' in first ? first.needs : undefined
    const base = options.claims ?? ['sid', 'sub']
    this.#claims = [...base, ...summary.addedClaims]
    this.#shapes = new Set(this.#claims.map((entry) => shapeKey(typeof entry === 'string' ? [entry] : entry)))
    const baseIds = options.idClaims ?? ['jti']
    if (needs?.kind === 'selector' && !this.#shapes.has(shapeKey(needs.names))) {
      summary.addedClaims.push([...needs.names])
      this.#claims.push([...needs.names])
      this.#shapes.add(shapeKey(needs.names))
    }
    if (needs?.kind === 'id' && ![...baseIds, ...summary.addedIdClaims].includes(needs.claim)) summary.addedIdClaims.push(needs.claim)
    this.#takesTokens = needs?.kind === 'token' || summary.addedIdClaims.length === 0
    this.#idClaims = this.#takesTokens ? baseIds : [...baseIds, ...summary.addedIdClaims]
  }

  overrides(): { claims: (string | string[])[]; idClaims: string[] } {
    return { claims: this.#claims, idClaims: this.#idClaims }
  }

  takes(needs: Needs | undefined): boolean {
    if (needs === undefined) return true
    if (needs.kind === 'token') return this.#takesTokens
    if (needs.kind === 'id') return this.#idClaims.includes(needs.claim)
    return this.#shapes.has(shapeKey(needs.names))
  }
}

/** Batches of entries, with a look ahead. */
class Entries {
  readonly #batches: AsyncIterator<Entry[]>
  #batch: Batch | undefined

  constructor(batches: AsyncIterable<Entry[]>) {
    this.#batches = batches[Symbol.asyncIterator]()
  }

  /** The batch that has entries left; undefined at the end. */
  async current(): Promise<Batch | undefined> {
    while (this.#batch === undefined || this.#batch.empty) {
      const next = await this.#batches.next()
      if (next.done === true) return undefined
      this.#batch = new Batch(next.value)
    }
    return this.#batch
  }

  async peek(): Promise<Entry | undefined> {
    return (await this.current())?.peek()
  }

  /** Lets go of the file, also where it was not read to the end. */
  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}

class Batch {
  readonly #entries: readonly Entry[]
  #at = 0

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
  }

  get empty(): boolean {
    return this.#at >= this.#entries.length
  }

  peek(): Entry | undefined {
    return this.#entries.at(this.#at)
  }

  next(): Entry | undefined {
    return this.#entries.at(this.#at++)
  }

  /** The last entry is to be had again. */
  back(): void {
    this.#at--
  }
}

/** From the engine's index of an entry back to its line: noted only where lines were left out between two entries. */
class LineIndex {
  #count = 0
  #offset = Number.NaN
  readonly #steps: { readonly index: number; readonly offset: number }[] = []

  add(line: number): void {
    const offset = line - this.#count
    if (offset !== this.#offset) this.#steps.push({ index: this.#count, offset })
    this.#offset = offset
    this.#count++
  }

  lineOf(index: number): number {
    const step = this.#steps.findLast((candidate) => candidate.index <= index)
    return index + (step?.offset ?? 0)
  }
}
