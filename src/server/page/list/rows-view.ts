import type { StoredRow } from '../../../ports/index.js'
import { type Html, html } from '../html.js'
import type { ShownRow } from '../shown-row.js'
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

/** Whether there is nothing to take back any more. */
export function isOver(row: StoredRow, liveAfter: number, now: number): boolean {
  const state = stateOf(row, liveAfter, now)
  return state === 'ended' || state === 'taken-back'
}

/**
 * Revocations as a list; each leads to its own page.
 *
 * @param boxOf - the name of the box that marks a row, where there is one
 */
export function rowsView(
  rows: readonly ShownRow[],
  liveAfter: number,
  now: number,
  boxOf?: (row: ShownRow) => string | undefined,
): Html {
  return html`<ul class="rows${boxOf !== undefined && ' marked'}">
    ${rows.map((row) => {
      const { seq, target, reason } = row
      const box = boxOf?.(row)
      return html`<li>
        ${
          box !== undefined &&
          html`<label class="mark">
            <input type="checkbox" name="${box}" value="yes" aria-labelledby="row-${seq}" />
          </label>`
        }
        <div>
          <a class="what" id="row-${seq}" href="revocation?seq=${seq}">${targetWords(target)}</a>
          ${LABELS[stateOf(row, liveAfter, now)]}
          <span class="why">${reason ?? html`<span class="quiet">no reason given</span>`}</span>
          <span class="quiet">${whoAndWhen(row, now)}</span>
        </div>
      </li>`
    })}
  </ul>`
}

function whoAndWhen({ actor, revoked, revokedAt, takenBackBy }: ShownRow, now: number): Html {
  const time = moment(new Date(revokedAt), now)
  if (revoked) return html`${actor ?? 'not recorded by whom'}, ${time}`
  const by = takenBackBy !== undefined && html` by ${takenBackBy}`
  return html`${actor !== undefined && html`revoked by ${actor}, `}taken back${by}, ${time}`
}
