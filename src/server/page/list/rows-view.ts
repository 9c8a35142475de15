import type { StoredRow } from '../../../ports/index.js'
import { type Html, html } from '../html.js'
import { moment, targetWords } from '../words.js'

/** What has become of a revocation. */
export type RowState = 'live' | 'later' | 'ended' | 'taken-back'

/** @param liveAfter - NumericDate seconds: what expires up to then has ended */
export function stateOf(row: StoredRow, liveAfter: number, now: number): RowState {
  if (!row.revoked) return 'taken-back'
  if (row.expiresAt <= liveAfter) return 'ended'
  return (row.notBefore ?? 0) > now ? 'later' : 'live'
}

const LABELS: Readonly<Record<RowState, Html | undefined>> = {
  live: undefined,
  later: html`<span class="label">Begins later</span>`,
  ended: html`<span class="label">Ended</span>`,
  'taken-back': html`<span class="label">Taken back</span>`,
}

/** Revocations as a list; each leads to its own page. */
export function rowsView(rows: readonly StoredRow[], liveAfter: number, now: number): Html {
  return html`<ul class="rows">
    ${rows.map((row) => {
      const { target, reason } = row
      const state = stateOf(row, liveAfter, now)
      return html`<li>
        <a class="what" href="revocation?seq=${row.seq}">${targetWords(target)}</a>
        ${LABELS[state]}
        <span class="why">${reason ?? html`<span class="quiet">no reason given</span>`}</span>
        <span class="quiet">${whoAndWhen(row, now)}</span>
      </li>`
    })}
  </ul>`
}

/** The store has who revoked, and not who took it back. */
function whoAndWhen({ actor, revoked, revokedAt }: StoredRow, now: number): Html {
  const time = moment(new Date(revokedAt), now)
  if (revoked) return html`${actor ?? 'not recorded by whom'}, ${time}`
  return html`${actor !== undefined && html`revoked by ${actor}, `}taken back ${time}`
}
