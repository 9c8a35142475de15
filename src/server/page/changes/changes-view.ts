import { csrfField } from '../document.js'
import { type Html, html } from '../html.js'
import { rowsView } from '../list/rows-view.js'
import type { Login } from '../logins.js'
import type { ShownRow } from '../shown-row.js'
import type { Visit } from '../view.js'
import { count, distance } from '../words.js'
import type { ActorChanges } from './by-actor.js'

/** Changes that are shown one by one. */
const SHOWN = 25

/** What the page of changes shows. */
export interface ChangesParts {
  readonly rows: readonly ShownRow[]
  readonly actors: readonly ActorChanges[]
  /** Whether these are all that the store has. */
  readonly isAll: boolean
  readonly liveAfter: number
}

/** Who changed how much, and the newest changes. */
export function changesView({ rows, actors, isAll, liveAfter }: ChangesParts, { login, now }: Visit): Html {
  if (rows.length === 0) return html`<p>Nothing has been revoked yet.</p>`
  return html`<h2>By whom</h2>
    <p class="quiet">
      ${isAll ? 'Of all changes' : `Of the newest ${count(rows.length)} changes`} that the store has. What was
      revoked twice counts once, with its last name.
    </p>
    <table class="actors">
      <thead>
        <tr>
          <th scope="col">By</th>
          <th scope="col" class="number">Revoked</th>
          <th scope="col" class="number">Taken back</th>
          <th scope="col">Latest</th>
        </tr>
      </thead>
      <tbody>
        ${actors.map(
          ({ actor, revoked, takenBack, latest }) =>
            html`<tr>
              <th scope="row">
                ${actor === undefined ? html`<span class="quiet">not recorded</span>` : ofActor(actor, login)}
              </th>
              <td class="number">${count(revoked)}</td>
              <td class="number">${count(takenBack)}</td>
              <td>${latest === 0 ? '–' : distance(latest - now)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <h2>Newest</h2>
    ${rowsView(rows.slice(0, SHOWN), liveAfter, now)}
    ${
      rows.length > SHOWN &&
      html`<form method="post" action="list">
        ${csrfField(login)}
        <input type="hidden" name="state" value="changes" />
        <button class="plain" type="submit">All changes</button>
      </form>`
    }`
}

/** Leads to the changes of one. */
const ofActor = (actor: string, login: Login): Html =>
  html`<form method="post" action="list">
    ${csrfField(login)}
    <input type="hidden" name="actor" value="${actor}" />
    <input type="hidden" name="state" value="changes" />
    <button class="link" type="submit">${actor}</button>
  </form>`
