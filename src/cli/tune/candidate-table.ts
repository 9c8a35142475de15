import { type Fit, fitOf } from '../../tuning/choose.js'
import type { Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance } from '../output/format-numbers.js'
import { table, type Tone, tone } from '../output/print.js'
import { short, time } from './format.js'

/** A candidate in the table and in the plot. */
export interface Row {
  /** Names the candidate in the plot; a capital is the choice. */
  readonly letter: string
  readonly prediction: Prediction
  readonly chosen: boolean
  readonly fit: Fit
}

/** A row for each candidate, in their order. */
export function rowsOf({ predictions, choice, traffic }: Recommendation): Row[] {
  return predictions.map((prediction, i) => {
    const letter = String.fromCharCode(97 + (i % 26))
    const chosen = prediction === choice.chosen
    return {
      letter: chosen ? letter.toUpperCase() : letter,
      prediction,
      chosen,
      fit: fitOf(prediction, traffic),
    }
  })
}

interface Column {
  /** In two lines where it is longer than the cells. */
  readonly head: string
  readonly cell: (row: Row) => string
  /** Words, not numbers: they begin at the left. */
  readonly isText?: true
  /** Repeats what other columns say: left out of a narrow terminal. */
  readonly isSpare?: true
}

const COLUMNS: readonly Column[] = [
  { head: '', cell: mark, isText: true },
  { head: 'prefilter', cell: ({ prediction }) => prediction.candidate.filter, isText: true },
  { head: 'bits\nrev.', cell: ({ prediction }) => prediction.candidate.bitsPerRevocation.toFixed(0) },
  {
    head: 'false +',
    cell: ({ prediction }) => chance(prediction.candidate.falsePositiveRate),
    isSpare: true,
  },
  { head: 'memory', cell: ({ prediction }) => bytes(prediction.memoryBytes) },
  { head: 'key\nbits', cell: ({ prediction }) => String(prediction.prefixCacheBits ?? '') },
  {
    head: 'in\nRedis',
    cell: ({ prediction: { redisBytes } }) => (redisBytes === null ? '' : bytes(redisBytes)),
  },
  { head: 'leave', cell: ({ prediction }) => chance(prediction.leavesProcess) },
  { head: 'mean', cell: ({ prediction }) => time(prediction.meanNs, 2) },
  { head: 'p99', cell: ({ prediction }) => time(prediction.p99Ns, 2) },
  { head: 'reads\na day', cell: ({ prediction }) => short(prediction.falseStoreReadsPerDay) },
  { head: 'budget', cell: ({ fit }) => verdict(fit), isText: true, isSpare: true },
]

/** Terminal columns that the whole table needs. Without the spare columns it is less than 80 wide. */
const FULL_WIDTH = 100

/** What the heads mean, and the marks after the letters. */
export function legendOf(rows: readonly Row[]): string {
  const beyond = rows.every(({ fit }) => keeps(fit)) ? '' : ', ! beyond the budget'
  return (
    'bits a revocation in the prefilter; bits of a digest that the prefix cache in Redis compares; ' +
    'the share of checks that leave the process; mean and p99 of a check; ' +
    `false reads of the store a day. * the choice${beyond}.`
  )
}

/** The table of all candidates. `width`: columns of the terminal. */
export function candidateTable(rows: readonly Row[], width: number): string {
  const columns = COLUMNS.filter(({ isSpare }) => isSpare !== true || width >= FULL_WIDTH)
  const lines = rows.map((row) => {
    const style = styleOf(row)
    const cells = columns.map(({ cell }) => cell(row))
    return style === undefined ? cells : cells.map((text) => tone(text, style))
  })
  const right = columns.flatMap(({ isText }, i) => (isText === true ? [] : [i]))
  return table(lines, { head: columns.map(({ head }) => head), right })
}

const keeps = ({ memory, storeReads }: Fit): boolean => memory && storeReads

function mark({ letter, chosen, fit }: Row): string {
  return `${letter}${chosen ? '*' : ''}${keeps(fit) ? '' : '!'}`
}

function styleOf({ chosen, fit }: Row): Tone | undefined {
  if (chosen) return 'bold'
  return keeps(fit) ? undefined : 'dim'
}

function verdict({ memory, storeReads }: Fit): string {
  const exceeded = [...(memory ? [] : ['memory']), ...(storeReads ? [] : ['reads'])]
  return exceeded.length === 0 ? 'kept' : `no: ${exceeded.join(', ')}`
}
