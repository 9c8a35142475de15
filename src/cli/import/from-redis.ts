import { DEFAULT_ID_CLAIMS } from '../../options.js'
import { CliError, type ErrorReport, printable, reportOf } from '../errors.js'
import type { Entry } from '../formats/entry.js'
import type { RedisFlags } from '../options.js'
import { noteBoth } from '../output/both-types.js'
import { counted, isOrAre } from '../output/counted.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { noteQueued, redisText } from '../output/redis-receipt.js'
import { withNoteOnNew } from '../with-store.js'
import { dryRun } from './dry-run.js'
import {
  Importer,
  type ImporterOptions,
  type ImportHooks,
  type ImportSummary,
  StrictImportError,
} from './importer.js'
import { KeyInputs, type KindOfKeys } from './key-input.js'
import { type KeyPattern, readKeyPattern } from './key-pattern.js'
import { type KeyProblem, KeyProblems } from './key-problems.js'
import { readRedisKeys } from './redis-keys.js'

/** The options of `import` that go with `--from-redis`. */
export interface FromRedisOptions extends Omit<ImporterOptions, 'anyIssuer'> {
  readonly fromUrl?: string
  readonly keysHold?: KindOfKeys
  readonly iss?: string
  readonly dryRun?: boolean
  readonly progress: boolean
}

/** What became of the keys. */
export interface KeyImportSummary {
  readonly keys: number
  readonly imported: number
  /** How many of `imported` were revoked already, such as by an earlier run. */
  readonly already: number
  readonly expired: number
  /** Keys that expired or were removed before their TTL was read. */
  readonly gone: number
  readonly invalid: number
  /** Ids that may be a text or a number, so that each was taken as both and is counted twice. */
  readonly asBoth: number
  readonly redis: 'written' | 'queued' | 'off'
  readonly problems: readonly KeyProblem[]
  readonly dryRun: boolean
}

/**
 * Revokes what the keys of a hand-made blacklist name, for as long as these have left. It reads the server,
 * writes nothing to it, and may run again.
 *
 * @returns whether at least one key could be used, or all had expired or gone; not if no key matches
 * @throws {CliError} ERR_USAGE, ERR_UNAVAILABLE, and with `--strict` ERR_BAD_KEY
 */
export async function importFromRedis(pattern: string, options: FromRedisOptions): Promise<boolean> {
  const { keysHold: holds = 'jwt', iss, idClaims = DEFAULT_ID_CLAIMS } = options
  const keyPattern = readKeyPattern(pattern)
  if (iss !== undefined && holds !== 'jti') throw usage("--iss goes with '--keys-hold jti' only")
  if (!keyPattern.isNarrow && holds !== 'jwt')
    throw usage("the pattern '*' takes every key of the server: only JWTs among them can be told from others")
  const run = new Run(
    sourceOf(options),
    keyPattern,
    new KeyInputs({ pattern: keyPattern, holds, iss, idClaims }),
  )
  const summary = await run.finish(options)
  await print(summary, options)
  for (const text of notesOn(holds, idClaims, run.withoutId)) note(text, options)
  noteBoth(summary.asBoth, options)
  if (summary.keys === 0) {
    note(`no key matches '${printable(pattern)}': is it the right pattern, server and database?`, options)
    return false
  }
  return summary.invalid === 0 || summary.imported + summary.expired > 0
}

/** What the counts do not say. */
function notesOn(holds: KindOfKeys, idClaims: readonly string[], withoutId: number): string[] {
  const notes: string[] = []
  if (holds === 'sha256')
    notes.push(
      'a hash of a whole JWT revokes nothing here, because other bytes are hashed: it is right for opaque ' +
        'tokens. Keep the old check until the JWTs have expired',
    )
  if (holds === 'jti' && !idClaims.includes('jti'))
    notes.push("the ids hold only where the checking services have 'jti' in 'idClaims'")
  if (withoutId > 0)
    notes.push(
      `${withoutId} of the JWTs ${withoutId === 1 ? 'has' : 'have'} no id (${idClaims.join(', ')}): ` +
        'they are revoked where services check the token itself, not its claims',
    )
  return notes
}

/** What the importer counts. */
type Counts = Pick<ImportSummary, 'imported' | 'already' | 'expired' | 'invalid' | 'asBoth' | 'redis'>

/** One way through the keys. */
class Run {
  readonly #source: Source
  readonly #pattern: KeyPattern
  readonly #inputs: KeyInputs
  readonly #problems = new KeyProblems()
  #keys = 0
  #gone = 0
  #durable = 0

  constructor(source: Source, pattern: KeyPattern, inputs: KeyInputs) {
    this.#source = source
    this.#pattern = pattern
    this.#inputs = inputs
  }

  get withoutId(): number {
    return this.#inputs.withoutId
  }

  async finish(options: FromRedisOptions): Promise<KeyImportSummary> {
    const progress = new Progress('import', 'keys', undefined, options.progress)
    const hooks: ImportHooks = {
      onBad: (_, error) => {
        if (options.strict === true) throw firstBad(error, 0)
        this.#problems.add(error)
      },
      onProgress: (keys, durable) => {
        this.#durable = durable
        progress.update(keys)
      },
    }
    const work = options.dryRun === true ? this.#dryRun(options, hooks) : this.#import(options, hooks)
    const { imported, already, expired, invalid, asBoth, redis } = await work.finally(() => progress.stop())
    return {
      keys: this.#keys,
      imported,
      already,
      expired,
      gone: this.#gone,
      invalid,
      asBoth,
      redis,
      problems: this.#problems.all,
      dryRun: options.dryRun === true,
    }
  }

  async #dryRun(options: FromRedisOptions, hooks: ImportHooks): Promise<Counts> {
    return { already: 0, redis: 'off', ...(await dryRun(this.#entries(), options, hooks)) }
  }

  async #import(options: FromRedisOptions, hooks: ImportHooks): Promise<Counts> {
    const importer = new Importer(this.#entries(), options, hooks)
    try {
      return await withNoteOnNew(options, () => importer.run())
    } catch (error) {
      if (error instanceof StrictImportError) throw firstBad(error.cause, importer.summary.imported)
      if (this.#durable > 0)
        note(`stopped: ${counted(this.#durable, 'revocation')} or more are imported and durable`, options)
      throw error
    }
  }

  async *#entries(): AsyncGenerator<Entry[], void, void> {
    const { url, flag } = this.#source
    for await (const keys of readRedisKeys(url, this.#pattern.match, flag)) {
      // After the TTLs were read: a revocation may end late, but not early.
      const now = Date.now()
      const entries: Entry[] = []
      for (const key of keys) {
        const at = { line: ++this.#keys, bytes: 1 }
        if (key.type === 'none') this.#gone++
        else entries.push({ ...at, ...this.#read(() => this.#inputs.of(key, now)) })
      }
      if (entries.length > 0) yield entries
    }
  }

  #read<T>(of: () => T): T | { readonly error: CliError } {
    try {
      return of()
    } catch (error) {
      const { code, message } = reportOf(error)
      return { error: error instanceof CliError ? error : new CliError(code, message) }
    }
  }
}

/** The server with the keys, and what the user calls its URL. */
interface Source {
  readonly url: string
  readonly flag: string
}

function sourceOf({ fromUrl = '', redis = '' }: FromRedisOptions & RedisFlags): Source {
  if (fromUrl !== '') return { url: fromUrl, flag: '--from-url (REVOCADE_FROM_URL)' }
  if (redis !== '') return { url: redis, flag: '--redis (REVOCADE_REDIS_URL)' }
  throw usage('--from-redis needs the URL of the server: --from-url, or the variable REVOCADE_FROM_URL')
}

const usage = (message: string): CliError => new CliError('ERR_USAGE', message)

function firstBad({ code, message }: ErrorReport, durable: number): CliError {
  const before = `Of the keys before it, ${durable} ${isOrAre(durable)} imported and durable`
  return new CliError('ERR_BAD_KEY', `${code}: ${message}. ${before}; nothing after it is.`)
}

async function print(summary: KeyImportSummary, options: FromRedisOptions): Promise<void> {
  const { imported, already, expired, gone, invalid, redis, problems } = summary
  if (options.json === true) await writeJson(summary)
  else {
    const known = already === 0 ? '' : ` (${already} of them known)`
    const counts = `${imported}${known}, already expired ${expired}, gone ${gone}, invalid ${invalid}`
    const done = options.dryRun === true ? 'would import' : 'imported'
    await writeLine(`${tone(done, 'good')} ${counts}${redisText(redis)}`)
    for (const { count, code, message } of problems)
      process.stderr.write(`${counted(count, 'key')}: ${code}: ${message}\n`)
  }
  noteQueued(redis, options)
}
