import { type Fit, fitOf } from '../../tuning/choose.js'
import type { Prediction } from '../../tuning/predict.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance, nanoseconds, short } from '../output/format-numbers.js'
import { tone } from '../output/print.js'
import { table } from '../output/table.js'

/** A candidate in the table and in the plot. */
export interface Row extends Prediction {
  /** Names the candidate in the plot; a capital is the choice. */
  readonly letter: string
  readonly chosen: boolean
  readonly fit: Fit
}

/** A row for each candidate, in their order. */
export function rowsOf({ predictions, choice, traffic }: Recommendation): Row[] {
  return predictions.map((prediction, i) => {
    const letter = String.fromCharCode(97 + (i % 26))
    const chosen = prediction === choice.chosen
    const fit = fitOf(prediction, traffic)
    return { ...prediction, letter: chosen ? letter.toUpperCase() : letter, chosen, fit }
  })
}

/**
 * A head, in two lines where it is longer than the cells, and the text of a cell. Words begin at the left,
 * numbers end at the right. A spare column repeats what others say: a narrow terminal goes without it.
 */
type Column = readonly [head: string, cell: (row: Row) => string, kind?: 'text' | 'spare' | 'spare text']

const COLUMNS: readonly Column[] = [
  ['', ({ letter, chosen, fit }) => `${letter}${chosen ? '*' : ''}${keeps(fit) ? '' : '!'}`, 'text'],
  ['prefilter', ({ candidate }) => candidate.filter, 'text'],
  ['bits\nrev.', ({ candidate }) => candidate.bitsPerRevocation.toFixed(0)],
  ['false +', ({ candidate }) => chance(candidate.falsePositiveRate), 'spare'],
  ['memory', ({ memoryBytes }) => bytes(memoryBytes)],
  ['key\nbits', ({ prefixCacheBits }) => String(prefixCacheBits ?? '')],
  ['in\nRedis', ({ redisBytes }) => (redisBytes === null ? '' : bytes(redisBytes))],
  ['leave', ({ leavesProcess }) => chance(leavesProcess)],
  ['mean', ({ meanNs }) => nanoseconds(meanNs, 2)],
  ['p99', ({ p99Ns }) => nanoseconds(p99Ns, 2)],
  ['reads\na day', ({ falseStoreReadsPerDay }) => short(falseStoreReadsPerDay)],
  ['budget', ({ fit }) => verdict(fit), 'spare text'],
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
  const columns = COLUMNS.filter(([, , kind = '']) => width >= FULL_WIDTH || !kind.startsWith('spare'))
  const lines = rows.map((row) => columns.map(([, cell]) => styled(cell(row), row)))
  const right = columns.flatMap(([, , kind = ''], i) => (kind.endsWith('text') ? [] : [i]))
  return table(lines, { head: columns.map(([head]) => head), right })
}

const keeps = ({ memory, storeReads }: Fit): boolean => memory && storeReads

function styled(text: string, { chosen, fit }: Row): string {
  if (chosen) return tone(text, 'bold')
  return keeps(fit) ? text : tone(text, 'dim')
}

function verdict({ memory, storeReads }: Fit): string {
  const exceeded = [...(memory ? [] : ['memory']), ...(storeReads ? [] : ['reads'])]
  return exceeded.length === 0 ? 'kept' : `no: ${exceeded.join(', ')}`
}
