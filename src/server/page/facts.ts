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

/** All that is known of a revocation, or of one that was taken back. */
export function revocationFacts(revocation: Revocation, now: number, isTakenBack = false): Html {
  const { target, reason, actor, revokedAt, expiresAt, notBefore, seq } = revocation
  return facts([
    [isTakenBack ? 'Revoked' : 'Revokes', targetWords(target)],
    ['Which of them', cutoffWords(revocation, now)],
    ['Reason', reason ?? html`<span class="quiet">none given</span>`],
    ['By', actor ?? html`<span class="quiet">not recorded</span>`],
    [isTakenBack ? 'Taken back at' : 'Revoked at', moment(revokedAt, now)],
    ['Counts from', notBefore && moment(notBefore, now)],
    ['Ends', moment(expiresAt, now)],
    ['Change', html`<span class="number">${seq}</span>`],
  ])
}
