import { fitOf } from '../../tuning/choose.js'
import type { Recommendation } from '../../tuning/recommend.js'
import { bytes } from '../numbers.js'
import { letterOf } from './chart.js'

/** A candidate as it is shown, in a terminal and in a page. */
export interface Row {
  readonly letter: string
  readonly name: string
  readonly chosen: boolean
  readonly fits: boolean
  readonly cells: readonly string[]
}

/** The heads of the cells. */
export const HEADS = ['L0', 'bits/rev.', 'false +', 'memory', 'in Redis', 'leave', 'mean', 'p99', 'reads/day', 'budget'] as const

export function rowsOf({ predictions, choice, traffic }: Recommendation): Row[] {
  return predictions.map((prediction, i) => {
    const { candidate, memoryBytes, redisBytes, leavesProcess, meanNs, p99Ns, falseStoreReadsPerDay } = prediction
    const { memory, storeReads } = fitOf(prediction, traffic)
    const beyond = [...(memory ? [] : ['memory']), ...(storeReads ? [] : ['reads'])]
    return {
      letter: letterOf(i), name: candidate.name, chosen: prediction === choice.chosen, fits: beyond.length === 0,
      cells: [
        candidate.name, candidate.bitsPerRevocation.toFixed(0), chance(candidate.falsePositiveRate), bytes(memoryBytes),
        redisBytes === null ? '' : bytes(redisBytes), chance(leavesProcess), time(meanNs), time(p99Ns), few(falseStoreReadsPerDay),
        beyond.length === 0 ? 'kept' : `no: ${beyond.join(', ')}`,
      ],
    }
  })
}

/** `431 ns`, `3.8 µs`, `1.2 ms`. */
export function time(ns: number): string {
  if (ns < 1000) return `${ns.toFixed(0)} ns`
  return ns < 1e6 ? `${(ns / 1000).toPrecision(3)} µs` : `${(ns / 1e6).toPrecision(3)} ms`
}

/** So many a day, which may be far from one. */
export function few(value: number): string {
  if (value === 0) return '0'
  return value >= 10 ? Math.round(value).toLocaleString('en') : value >= 0.01 ? value.toPrecision(2) : value.toExponential(0).replace('+', '')
}

/** A share of all, be it large or next to nothing: `3.0 %`, `0.10 %`, `2.0e-7`. */
export function chance(share: number): string {
  if (share === 0) return '0'
  if (share >= 0.0995) return `${(share * 100).toFixed(0)} %`
  return share >= 0.000_95 ? `${(share * 100).toPrecision(2)} %` : share.toExponential(1)
}
