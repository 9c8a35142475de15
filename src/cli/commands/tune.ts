import { type Command, InvalidArgumentError } from 'commander'
import { type Costs, DEFAULT_COSTS, scaledCosts } from '../../tuning/costs.js'
import { recommend } from '../../tuning/recommend.js'
import type { Traffic } from '../../tuning/traffic.js'
import { CliError } from '../errors.js'
import { addOutputOptions, type OutputOptions } from '../options.js'
import { writeJson, writeLine } from '../output/print.js'
import { StepProgress } from '../output/progress.js'
import { figuresFromStats } from '../tune/from-stats.js'
import { documentOf } from '../tune/json.js'
import type { OnProgress } from '../tune/measure.js'
import { ask } from '../tune/questions.js'
import { reportText } from '../tune/report.js'
import {
  DEFAULT_TOKEN_LIFE,
  fieldOf,
  KEYS,
  missing,
  readFigure,
  type TrafficFigures,
  trafficOf,
} from '../tune/traffic-options.js'

interface TuneOptions extends OutputOptions, TrafficFigures {
  readonly fromStats?: string
  readonly store?: string
  readonly namespace?: string
  readonly storeReadUs?: number
  readonly calibration: boolean
  readonly measure?: boolean
  readonly progress: boolean
}

/** Candidates that `--measure` builds. */
const MEASURED = 3
/** Columns of the report where stdout is no terminal. */
const WIDTH = 100

/** Adds the command `tune`. */
export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description(
      'Recommend a filter, and whether Redis helps, for your traffic: a table, a plot, the options to ' +
        'paste. Asks for what it is not told.',
    )
  for (const key of KEYS) {
    const { flag, about, hint, fallback = '' } = fieldOf(key)
    const description = fallback === '' ? about : `${about} (default: ${fallback})`
    command.option(flag, description, (text: string) => readFigure(key, text) ?? refuse(hint))
  }
  command
    .option(
      '--from-stats <file>',
      "take what engines know: stats() as JSON, 'revocade stats --json' or 'watch --json'; - is stdin. " +
        'Flags win',
    )
    .option(
      '--store <path>',
      'times reads of this store, which must exist, and --measure asks it: the SQLite file, ' +
        'postgres://user@host/db or redis://host',
    )
    .option('--namespace <name>', "the tenant of --store (default: 'default')")
    .option(
      '--store-read-us <µs>',
      `what a read of the store takes, in microseconds (default: ${DEFAULT_COSTS.storeRead / 1000})`,
      (text) =>
        /^\d*\.?\d+$/.test(text) && Number(text) <= 1e7 ? Number(text) : refuse('microseconds from 0 to 1e7'),
    )
    .option('--no-calibration', "use a benchmark's times, do not measure this machine's pace first")
    .option('--measure', `build the best ${MEASURED} with synthetic revocations and measure them`)
    .option('--no-progress', 'no progress bar')
    .action(tune)
  addOutputOptions(command)
}

async function tune(options: TuneOptions): Promise<void> {
  const traffic = trafficOf(await figures(options))
  const progress = new StepProgress(options.progress && options.json !== true)
  const { recommendation, measured } = await answer(traffic, options, progress)
    .catch((error: unknown) => {
      if (error instanceof RangeError) throw new CliError('ERR_USAGE', error.message, { cause: error })
      throw error
    })
    .finally(() => progress.stop())
  const width = process.stdout.isTTY ? process.stdout.columns : WIDTH
  if (options.json === true) await writeJson(documentOf(recommendation, measured))
  else await writeLine(reportText(recommendation, measured, width))
}

/** The traffic by flags, else by the statistics of engines, else by answers. */
async function figures(options: TuneOptions): Promise<TrafficFigures> {
  const { tokenLife = DEFAULT_TOKEN_LIFE, fromStats } = options
  const told = fromStats === undefined ? {} : await figuresFromStats(fromStats, tokenLife)
  const known: TrafficFigures = { ...told, ...options }
  const lacking = missing(known)
  if (lacking.length === 0) return known
  // Nobody can answer where stdin is a pipe, or was the statistics.
  if (process.stdin.isTTY && options.json !== true && fromStats !== '-') return ask(known)
  const wanted = lacking.map(fieldOf).map(({ flag, about }) => `${flag.replace(/ .*/, '')} (${about})`)
  throw new CliError('ERR_USAGE', `give ${wanted.join(' and ')}`)
}

async function answer(traffic: Traffic, options: TuneOptions, progress: StepProgress) {
  // Throws for traffic that no engine holds, before anything is timed.
  recommend(traffic, DEFAULT_COSTS)
  const { store, storeReadUs } = options
  if (store === undefined) {
    const storeRead = storeReadUs === undefined ? DEFAULT_COSTS.storeRead : storeReadUs * 1000
    return answerFor(traffic, options, progress, { storeRead })
  }
  if (storeReadUs !== undefined)
    throw new CliError('ERR_USAGE', 'give --store, whose reads are timed, or --store-read-us')
  progress.show('timing reads of the store', 0)
  const { withStoreReads } = await import('../tune/store-reads.js')
  return withStoreReads({ ...options, store }, ({ medianNs, read }) =>
    answerFor(traffic, options, progress, { storeRead: medianNs, read }),
  )
}

/** Nanoseconds of a read of the store, and one, if there is a store. */
interface Reads {
  readonly storeRead: number
  readonly read?: () => unknown
}

async function answerFor(
  traffic: Traffic,
  options: TuneOptions,
  progress: StepProgress,
  { storeRead, read }: Reads,
) {
  if (options.calibration) progress.show('calibrating', 0)
  const costs = options.calibration ? await calibrated(storeRead) : { ...DEFAULT_COSTS, storeRead }
  const recommendation = recommend(traffic, costs)
  if (options.measure !== true) return { recommendation, measured: [] }
  const { measure } = await import('../tune/measure.js')
  const onProgress: OnProgress = (what, share) => progress.show(what, share)
  const measured = await measure(recommendation, { top: MEASURED, read, onProgress })
  return { recommendation, measured }
}

async function calibrated(storeRead: number): Promise<Costs> {
  const { openPaceMeter } = await import('../tune/pace.js')
  await using meter = await openPaceMeter()
  return scaledCosts(await meter.measure(), storeRead)
}

function refuse(wanted: string): never {
  throw new InvalidArgumentError(`Give ${wanted}.`)
}
