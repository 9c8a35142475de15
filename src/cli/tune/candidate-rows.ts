import { fitOf } from '../../tuning/choose.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes, chance } from '../output/format-numbers.js'
import { letterOf } from './chart.js'

/** A candidate as it is shown, in a terminal and in a page. */
export interface Row {
  readonly letter: string
  readonly name: string
  readonly chosen: boolean
  readonly fits: boolean
  readonly cells: readonly string[]
}

/** The heads of the cells, in two lines where they are longer than what is below. */
export const HEADS = [
  'L0',
  'bits\nrev.',
  'false +',
  'memory',
  'L1\nbits',
  'in\nRedis',
  'leave',
  'mean',
  'p99',
  'reads\na day',
  'budget',
] as const
/** Those that say again what others say: the first to go where there is no room. The table is less than 80 columns wide without them. */
export const SPARE: readonly (typeof HEADS)[number][] = ['false +', 'budget']
export const LEGEND =
  'bits a revocation in L0; bits by which L1, in Redis, tells digests apart; the share of checks that leave the process; of a check mean and p99; false reads of the store a day'

export function rowsOf({ predictions, choice, traffic }: Recommendation): Row[] {
  return predictions.map((prediction, i) => {
    const {
      candidate,
      memoryBytes,
      redisBytes,
      l1PrefixBits,
      leavesProcess,
      meanNs,
      p99Ns,
      falseStoreReadsPerDay,
    } = prediction
    const { memory, storeReads } = fitOf(prediction, traffic)
    const beyond = [...(memory ? [] : ['memory']), ...(storeReads ? [] : ['reads'])]
    return {
      letter: letterOf(i),
      name: candidate.name,
      chosen: prediction === choice.chosen,
      fits: beyond.length === 0,
      cells: [
        candidate.l0,
        candidate.bitsPerRevocation.toFixed(0),
        chance(candidate.falsePositiveRate),
        bytes(memoryBytes),
        l1PrefixBits === null ? '' : String(l1PrefixBits),
        redisBytes === null ? '' : bytes(redisBytes),
        chance(leavesProcess),
        time(meanNs, 2),
        time(p99Ns, 2),
        short(falseStoreReadsPerDay),
        beyond.length === 0 ? 'kept' : `no: ${beyond.join(', ')}`,
      ],
    }
  })
}

/** `431 ns`, `3.81 µs`, `1.20 ms`. */
export function time(ns: number, digits = 3): string {
  const [amount, unit] = ns < 1000 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1000, 'µs'] : [ns / 1e6, 'ms']
  return `${unit === 'ns' || amount >= 100 ? amount.toFixed(0) : amount.toPrecision(digits)} ${unit}`
}

/** `42,010`, `1.4e+7` as `1.4e7`: in six columns. */
function short(value: number): string {
  return value < 99_999.5 ? few(value) : value.toExponential(1).replace('+', '')
}

/** So many a day, which may be far from one. */
export function few(value: number): string {
  if (value === 0) return '0'
  return value >= 10
    ? Math.round(value).toLocaleString('en')
    : value >= 0.01
      ? value.toPrecision(2)
      : value.toExponential(0).replace('+', '')
}
