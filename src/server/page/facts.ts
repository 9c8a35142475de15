import type { Revocation } from '../../engine/verdict.js'
import { type Html, html, type Part } from './html.js'
import { cutoffWords, moment, targetWords } from './words.js'

/** A name and what is to be said of it. What is undefined is left out. */
export type Fact = readonly [name: string, value: Part]

/** Facts as a list of names and values. */
export const facts = (list: readonly Fact[]): Html =>
  html`<dl class="facts">
    ${list
      .filter(([, value]) => value !== undefined && value !== '')
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`

/**
 * All that is known of a revocation, or of one that was taken back.
 *
 * @param takenBack - by whom, where that is recorded
 */
export function revocationFacts(
  revocation: Revocation,
  now: number,
  takenBack?: { readonly by: string | undefined },
): Html {
  const { target, reason, actor, revokedAt, expiresAt, notBefore, seq } = revocation
  return facts([
    [takenBack ? 'Revoked' : 'Revokes', targetWords(target)],
    ['Which of them', cutoffWords(revocation, now)],
    ['Reason', reason ?? html`<span class="quiet">none given</span>`],
    [takenBack ? 'Revoked by' : 'By', actor ?? UNKNOWN],
    ['Taken back by', takenBack && (takenBack.by ?? UNKNOWN)],
    [takenBack ? 'Taken back at' : 'Revoked at', moment(revokedAt, now)],
    ['Counts from', notBefore && moment(notBefore, now)],
    ['Ends', moment(expiresAt, now)],
    ['Change', html`<span class="number">${seq}</span>`],
  ])
}

const UNKNOWN = html`<span class="quiet">not recorded</span>`
