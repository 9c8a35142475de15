import { of, type Timed } from '../../harness/measure.js'
import { duration } from '../../harness/table.js'
import { atLeast, atMost, type Row } from '../../harness/types.js'
import { type LetThrough, type Situation, SITUATIONS } from './let-through.js'

/** Which part of the tokens that arrive is revoked, and how many different ones these are at most. */
export const MIXES = {
  'none revoked': { share: 0, different: Infinity },
  '0.01 % revoked': { share: 1e-4, different: Infinity },
  '1 % revoked': { share: 0.01, different: Infinity },
  '50 % revoked': { share: 0.5, different: Infinity },
  'one revoked token, over and over': { share: 1, different: 1 },
} as const satisfies Readonly<Record<string, { readonly share: number; readonly different: number }>>

const SHOWN = ['none revoked', '50 % revoked', 'one revoked token, over and over']

const OURS = 'Revocade, claims'

/** Tokens that are all different, half of them revoked: at most 1.25 times what a bare SELECT takes. */
const LEAST: Readonly<Record<string, number>> = { 'better-sqlite3, 50 % revoked': 1 / 1.25 }

type Timings = ReadonlyMap<string, Timed>

/** Each peer ÷ this package: below 1 the peer is faster. */
export function peerRows(mixes: ReadonlyMap<string, Timings>): Row[] {
  const names = [...(mixes.get('none revoked') ?? new Map<string, Timed>()).keys()]
  return names
    .filter((name) => name !== OURS)
    .flatMap((name) => SHOWN.map((mix) => ratioRow(mixes.get(mix), name, mix)))
}

function ratioRow(timings: Timings | undefined, name: string, mix: string): Row {
  if (timings === undefined) throw new Error(`nothing was timed with ${mix}`)
  const [theirs, check] = [of(timings, name).p50, of(timings, OURS).p50]
  const least = LEAST[`${name}, ${mix}`]
  return {
    what: `${name} ÷ ${OURS}: ${mix}`,
    value: theirs / check,
    unit: 'x',
    ...(least === undefined ? {} : { target: atLeast(least) }),
    from: `${duration(theirs)} ÷ ${duration(check)}`,
  }
}

/** What a request pays before it comes to the check. */
export function verifierRows(mixes: ReadonlyMap<string, Timings>, verified: Timings): Row[] {
  const check = of(mixes.get('none revoked') ?? new Map<string, Timed>(), OURS).p50
  return [...verified].map(([name, { p50 }]) => ({
    what: `verifying ${name} ÷ ${OURS}: none revoked`,
    value: p50 / check,
    unit: 'x',
    from: `${duration(p50)} ÷ ${duration(check)}`,
  }))
}

/** This package in every situation, and the peers that let something through. */
export function falseNegativeRows(results: readonly LetThrough[]): Row[] {
  return (Object.keys(SITUATIONS) as Situation[]).flatMap((situation) => {
    const all = results.filter((one) => one.situation === situation)
    const row = ({ peer, through, asked }: LetThrough): Row => ({
      what: `${peer} lets through: ${SITUATIONS[situation]}`,
      value: through,
      unit: '',
      from: asked,
    })
    const ours = all
      .filter(({ peer }) => peer.startsWith('Revocade'))
      .map((one) => ({ ...row(one), target: atMost(0) }))
    const theirs = all.filter(({ peer, through }) => !peer.startsWith('Revocade') && through > 0).map(row)
    return [...ours, ...theirs]
  })
}
