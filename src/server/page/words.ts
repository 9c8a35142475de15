import type { DecidedBy, Revocation } from '../../engine/verdict.js'
import type { Target } from '../../ports/index.js'
import { type Html, html, type Part } from './html.js'

const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
]

/** A length of time in its largest unit: `3 min`. */
export function duration(ms: number): string {
  const [size, name] = UNITS.find(([size]) => ms >= size) ?? [1, 'ms']
  return `${Math.floor(ms / size)} ${name}`
}

/** `in 3 min`, `3 min ago`. */
export function distance(ms: number): string {
  if (Math.abs(ms) < 1000) return 'now'
  return ms > 0 ? `in ${duration(ms)}` : `${duration(-ms)} ago`
}

/** A point in time, in UTC, and how far away it is. */
export function moment(date: Date, now: number): Html {
  const iso = date.toISOString()
  const text = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
  return html`<time datetime="${iso}">${text}</time>
    <span class="quiet">(${distance(date.getTime() - now)})</span>`
}

/** A number with a thin space between its thousands. */
export const count = (value: number): string =>
  Math.round(value).toLocaleString('en').replaceAll(',', '\u202f')

/** What a revocation names. */
export function targetWords(target: Target): Html {
  switch (target.kind) {
    case 'id':
      return html`the token with
      ${pair(target.claim, target.id)}${target.iss !== undefined && html` of ${pair('iss', target.iss)}`}`
    case 'hash':
      return html`the token with SHA-256 <code>${target.sha256}</code>`
    case 'selector': {
      const pairs = Object.entries(target.where)
      if (pairs.length === 0) return html`<strong>everybody’s tokens</strong>`
      return html`all tokens with
      ${pairs.map(([name, value], i): Part => [i > 0 && ' and ', pair(name, value)])}`
    }
  }
}

/** A claim and its value. */
export const pair = (name: string, value: string | number): Html => html`<code>${name} = ${value}</code>`

/** Which tokens of a selector a revocation is about; undefined for a single token. */
export function cutoffWords(revocation: Revocation, now: number): Html | undefined {
  const { issuedBefore, withoutCutoff, sameSecond } = revocation
  if (withoutCutoff) return html`all of them, whenever they were issued`
  if (issuedBefore === undefined) return undefined
  const second = sameSecond === 'keep' ? 'not those of that second' : 'and in that second'
  return html`issued before ${moment(issuedBefore, now)}, ${second}`
}

/** Who gave the answer to a check. */
export const DECIDED_BY: Readonly<Record<DecidedBy, string>> = {
  prefilter: 'memory: no revocation can match',
  cache: 'memory: the answer was read from the store before',
  redis: 'Redis',
  store: 'the store',
  policy: 'nothing: neither memory nor the store could decide',
}
