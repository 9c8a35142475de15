import type { StoredRow } from '../../../ports/index.js'
import { csrfField } from '../document.js'
import { type Html, html } from '../html.js'
import { rowsView } from '../list/rows-view.js'
import type { Visit } from '../view.js'
import { duration } from '../words.js'

/** What a preview of several undoings shows. */
export interface UndoPreview {
  readonly rows: readonly StoredRow[]
  /** How many were marked that can not be taken back any more. */
  readonly gone: number
  /** Where they wait in the login. */
  readonly kept: string
  readonly back: string
  /** NumericDate seconds: what expires up to then has ended. */
  readonly liveAfter: number
  readonly maxStalenessMs: number
  readonly fault?: string | undefined
}

/** What would be taken back, and the form that does it. */
export function undoPreview(
  { rows, gone, kept, back, liveAfter, maxStalenessMs, fault }: UndoPreview,
  { login, now }: Visit,
): Html {
  const number = numberOf(rows.length)
  return html`${
      gone > 0 && html`<p>${numberOf(gone)} that you marked changed or ended since, and are left out.</p>`
    }
    ${rowsView(rows, liveAfter, now)}
    <form class="card" method="post" action="undo-confirm">
      <h2>Take back ${number}</h2>
      ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`} ${csrfField(login)}
      <input type="hidden" name="kept" value="${kept}" />
      <ul>
        <li>
          Tokens that are revoked by them are accepted again: here at once, and everywhere after
          ${duration(maxStalenessMs)}. Also stolen ones.
        </li>
        <li>What other revocations match stays revoked. Sessions that were ended stay ended.</li>
        <li>What somebody revokes again before you confirm stays revoked.</li>
      </ul>
      <label class="choice">
        <input type="checkbox" name="sure" value="yes" required />
        <span>Yes, all these tokens may be used again</span>
      </label>
      <div class="buttons">
        <button class="danger" type="submit">Take back ${number}</button> <a href="${back}">Cancel</a>
      </div>
    </form>`
}

/** How many revocations. */
export const numberOf = (count: number): string => (count === 1 ? '1 revocation' : `${count} revocations`)
