import { toRevocation } from '../../../engine/verdict.js'
import { csrfField } from '../document.js'
import { revocationFacts } from '../facts.js'
import { type Html, html } from '../html.js'
import { isOver, stateOf } from '../list/rows-view.js'
import type { Login } from '../logins.js'
import type { ShownRow } from '../shown-row.js'
import type { Visit } from '../view.js'
import { duration } from '../words.js'
import { Seen } from './seen.js'

/** What the page of one revocation shows. */
export interface RevocationParts {
  readonly row: ShownRow
  /** NumericDate seconds: what expires up to then has ended. */
  readonly liveAfter: number
  readonly maxStalenessMs: number
  readonly fault?: string | undefined
}

const HEADLINES = {
  live: 'In force',
  later: 'Begins later',
  ended: 'Ended',
  'taken-back': 'Taken back',
} as const

/** One revocation, and for editors the way to take it back. */
export function revocationView(parts: RevocationParts, { login, now }: Visit): Html {
  const { row, liveAfter, fault } = parts
  const state = stateOf(row, liveAfter, now)
  return html`${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`}
    <section class="state plain" aria-label="State">
      <p class="headline"><strong>${HEADLINES[state]}</strong></p>
    </section>
    <section class="card">
      ${revocationFacts(toRevocation(row), now, row.revoked ? undefined : { by: row.takenBackBy })}
    </section>
    ${!isOver(row, liveAfter, now) && (login.admin.role === 'editor' ? undoForm(parts, login) : VIEWER)}
    <p><a href="list">All revocations</a></p>`
}

const VIEWER = html`<p class="quiet">Only an editor can take it back.</p>`

function undoForm({ row, maxStalenessMs }: RevocationParts, login: Login): Html {
  const isSelector = row.target.kind === 'selector'
  return html`<form class="card" method="post" action="undo">
    <h2>Take it back</h2>
    ${csrfField(login)}
    <input type="hidden" name="kept" value="${login.keep(new Seen(row))}" />
    <ul>
      <li>
        ${isSelector ? 'Tokens that it revokes are' : 'The token is'} accepted again: here at once, and
        everywhere after ${duration(maxStalenessMs)}. ${isSelector && 'Also stolen ones.'}
      </li>
      <li>What other revocations match stays revoked.</li>
      <li>
        It goes as a whole: earlier revocations of the same target, which it has widened, are not kept apart.
      </li>
      <li>Sessions that were ended stay ended.</li>
      <li>If somebody revokes it again before you confirm, nothing is done.</li>
    </ul>
    <label class="choice">
      <input type="checkbox" name="sure" value="yes" required />
      <span>Yes, ${isSelector ? 'these tokens' : 'this token'} may be used again</span>
    </label>
    <button class="danger" type="submit">Take it back</button>
  </form>`
}
