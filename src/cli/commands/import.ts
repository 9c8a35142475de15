import { statSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { CliError } from '../errors.js'
import { inColumns, readCsv } from '../formats/csv.js'
import { readNdjson } from '../formats/ndjson.js'
import { type FromRedisOptions, importFromRedis } from '../import/from-redis.js'
import { Importer, type ImporterOptions, type ImportSummary } from '../import/importer.js'
import { KINDS_OF_KEYS } from '../import/key-input.js'
import { openFile } from '../input/tokens.js'
import { addTokenOptions } from '../options.js'
import { noteBoth } from '../output/both-types.js'
import { counted } from '../output/counted.js'
import { LineReporter } from '../output/line-reporter.js'
import { note, tone, writeJson, writeLine } from '../output/print.js'
import { Progress } from '../output/progress.js'
import { noteQueued, redisText } from '../output/redis-receipt.js'
import { withNoteOnNew } from '../with-store.js'

type Format = 'ndjson' | 'csv'

interface ImportOptions extends ImporterOptions {
  readonly format?: Format
  readonly progress: boolean
}

/** Of the options below, those that belong to only one of the two sources. */
const FOR_FILES = ['format', 'anyIssuer'] as const
const FOR_REDIS = ['fromUrl', 'keysHold', 'iss', 'dryRun'] as const

/** Adds `import`, which revokes what the lines of a file name, or the keys of a hand-made blacklist. */
export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description(
      'Revoke what the lines of a file name, or the keys of a blacklist in Redis. ' +
        'Bad ones are reported and skipped.',
    )
    .argument('[file]', 'the file, or - for stdin', '-')
    .addOption(
      new Option(
        '--format <format>',
        'of the lines (default: by the file name, or else by the first character)',
      ).choices(['ndjson', 'csv']),
    )
    .option('--strict', 'stop at the first bad line or key and fail')
    .option('--any-issuer', 'a line with an id and no issuer revokes that id of any issuer')
    .option(
      '--from-redis <pattern>',
      "instead of a file: the keys of a hand-made blacklist (SETEX), such as 'blacklist:*'",
    )
    .addOption(
      new Option(
        '--from-url <url>',
        'the Redis with these keys, also nodes of a cluster (default: --redis; see there)',
      ).env('REVOCADE_FROM_URL'),
    )
    .addOption(
      new Option(
        '--keys-hold <what>',
        'what stands in the place of the star: a JWT (default), any token, an id, or a SHA-256',
      ).choices(KINDS_OF_KEYS),
    )
    .option('--iss <issuer>', 'the issuer of the ids in the keys (default: any)')
    .option('--dry-run', 'only read the keys, and say what would become of them')
    .option('--no-progress', 'show no progress bar')
    .action(importAny)
  addTokenOptions(command)
}

async function importAny(
  file: string,
  options: ImportOptions & FromRedisOptions & { readonly fromRedis?: string },
  command: Command,
): Promise<void> {
  const { fromRedis } = options
  // The next option was taken for the pattern.
  if (fromRedis?.startsWith('--') === true && !fromRedis.includes('*'))
    throw new CliError('ERR_USAGE', "--from-redis needs a pattern, such as 'blacklist:*'")
  if (fromRedis !== undefined && command.args.length > 0)
    throw new CliError('ERR_USAGE', 'give a file or --from-redis, not both')
  const stray = (fromRedis === undefined ? FOR_REDIS : FOR_FILES).find(
    (name) => command.getOptionValueSource(name) === 'cli',
  )
  if (stray !== undefined) {
    const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw new CliError(
      'ERR_USAGE',
      `${flag} goes with ${fromRedis === undefined ? '--from-redis' : 'a file'} only`,
    )
  }
  if (fromRedis === undefined) return importFile(file, options)
  // Most likely the keys hold something else.
  if (!(await importFromRedis(fromRedis, options))) process.exitCode = 2
}

async function importFile(file: string, options: ImportOptions): Promise<void> {
  const fromStdin = file === '-'
  const { start, bytes } = await withStart(fromStdin ? process.stdin : openFile(file))
  const format = options.format ?? formatOf(file, start)
  const progress = new Progress(
    'import',
    'revocations',
    fromStdin ? undefined : sizeOf(file),
    options.progress,
  )
  const reporter = new LineReporter(options)
  const importer = new Importer(format === 'csv' ? readCsv(bytes) : readNdjson(bytes), options, {
    onBad: (line, error) => reporter.report(line, error),
    onProgress: (read, durable) => progress.update(read, durable),
    ...(format === 'csv' ? { inWords: inColumns } : {}),
  })
  let summary: ImportSummary
  try {
    summary = await withNoteOnNew(options, () => importer.run().finally(() => progress.stop()))
  } catch (error) {
    reporter.end()
    if (!(error instanceof CliError)) {
      const durable = counted(importer.summary.imported, 'revocation')
      note(
        `stopped: ${durable} or more are imported and durable; importing the file again is harmless`,
        options,
      )
    }
    throw error
  }
  reporter.end()
  await printSummary(summary, options)
  const { imported, expired, invalid } = summary
  // Most likely it is a file of another kind.
  if (invalid > 0 && imported + expired === 0) process.exitCode = 2
}

async function printSummary(summary: ImportSummary, options: ImportOptions): Promise<void> {
  const { imported, expired, invalid, redis, addedClaims, addedIdClaims, withoutIssuer } = summary
  if (options.json === true) await writeJson(summary)
  else {
    const counts = `${imported}, already expired ${expired}, invalid ${invalid}`
    await writeLine(`${tone('imported', 'good')} ${counts}${redisText(redis)}`)
  }
  noteQueued(redis, options)
  noteBoth(summary.asBoth, options)
  if (addedClaims.length > 0) {
    const claims = addedClaims
      .map((names) => JSON.stringify(names.length === 1 ? names[0] : names))
      .join(', ')
    const condition = `where the checking services have ${claims} in their option 'claims'`
    note(`the file has selectors that hold only ${condition}`, options)
  }
  if (addedIdClaims.length > 0) {
    const names = addedIdClaims.map((name) => JSON.stringify(name)).join(', ')
    note(`the file has ids that hold only where the checking services have ${names} in 'idClaims'`, options)
  }
  if (withoutIssuer > 0) {
    const lines = `${counted(withoutIssuer, 'line')} ${withoutIssuer === 1 ? 'names' : 'name'} an id`
    note(`${lines} and no issuer, so tokens with an 'iss' are not revoked by it; see --any-issuer`, options)
  }
}

/**
 * The text with which a source begins, without white space before it, and the whole source.
 *
 * @throws {CliError} ERR_BAD_LINE for a JSON array: one that is indented has lines that are entries, and
 *   lines that are none, so that only some of it would be imported
 */
async function withStart(
  source: AsyncIterable<Uint8Array>,
): Promise<{ start: string; bytes: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]()
  const read: Uint8Array[] = []
  let start = ''
  while (start === '') {
    const next = await iterator.next()
    if (next.done === true) break
    read.push(next.value)
    start = Buffer.from(next.value)
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trimStart()
  }
  if (start.startsWith('[')) {
    await iterator.return?.()
    throw new CliError(
      'ERR_BAD_LINE',
      "the input is a JSON array: write one object a line, such as with jq -c '.[]'. Nothing was imported",
    )
  }
  async function* bytes(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* read
      for (;;) {
        const next = await iterator.next()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { start, bytes: bytes() }
}

/**
 * Decides by the file name, or else by the first character: NDJSON begins with `{`, a CSV header never does.
 */
function formatOf(file: string, start: string): Format {
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(ndjson|jsonl|json)$/i.test(file)) return 'ndjson'
  return start === '' || start.startsWith('{') ? 'ndjson' : 'csv'
}

function sizeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.size
}
