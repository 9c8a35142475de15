import { csrfField } from '../document.js'
import { valueField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { ShownRow } from '../shown-row.js'
import { boxName } from '../undo-many/marked.js'
import type { Visit } from '../view.js'
import { count } from '../words.js'
import { type Filter, MOST_CHARACTERS } from './filter.js'
import type { Page } from './pages.js'
import { isOver, rowsView } from './rows-view.js'

/** What the listing shows. */
export interface ListParts {
  readonly page: Page
  readonly filter: Filter
  /** Where the filter waits in the login; undefined for none. */
  readonly kept: string | undefined
  readonly liveAfter: number
  /** The address of this page of the list. */
  readonly here: string
}

/** The filter, one page, and the ways on. */
export function listView(parts: ListParts, visit: Visit): Html {
  const { page, filter, kept } = parts
  const view = kept === undefined ? '' : `&view=${kept}`
  return html`<form class="card filter" method="post" action="list" role="search">
      ${csrfField(visit.login)} ${fields(filter)}
      <div class="buttons">
        <button type="submit">Filter</button> ${!filter.isOpen && html`<a href="list">Show all</a>`}
      </div>
    </form>
    ${page.rows.length === 0 ? nothing(filter, page) : rows(parts, visit)}
    ${
      page.stoppedAt !== undefined &&
      html`<p class="quiet">
        Looked back to change ${count(page.stoppedAt)}. Older ones may match: go on with “Older”.
      </p>`
    }
    <nav class="pages" aria-label="More">
      <ul>
        ${page.newer !== undefined && link('Newest', `list?${view.slice(1)}`)}
        ${page.newer !== undefined && link('Newer', `list?after=${page.newer}${view}`)}
        ${page.older !== undefined && link('Older', `list?before=${page.older}${view}`)}
      </ul>
    </nav>
    ${page.rows.length > 0 && exports(view)}`
}

/** The rows; for editors with boxes to mark what to take back. */
function rows({ page, liveAfter, here }: ListParts, { login, now }: Visit): Html {
  const boxOf = (row: ShownRow): string | undefined =>
    isOver(row, liveAfter, now) ? undefined : boxName(row.seq)
  if (login.admin.role !== 'editor' || page.rows.every((row) => boxOf(row) === undefined))
    return rowsView(page.rows, liveAfter, now)
  return html`<form method="post" action="undo-preview">
    ${csrfField(login)}
    <input type="hidden" name="back" value="${here}" />
    ${rowsView(page.rows, liveAfter, now, boxOf)}
    <button class="plain" type="submit">Take back what is marked…</button>
  </form>`
}

function fields({ text, actor, kind, state }: Filter): Html {
  const option = (value: string, name: string, chosen: string): Html =>
    html`<option value="${value}" ${value === chosen && html` selected`}>${name}</option>`
  return html`<div class="fields">
    <div>
      ${valueField({ name: 'text', label: 'User, id or reason', value: text, maxLength: MOST_CHARACTERS })}
    </div>
    <div>${valueField({ name: 'actor', label: 'By whom', value: actor, maxLength: MOST_CHARACTERS })}</div>
    <div>
      <label for="kind">What</label>
      <select id="kind" name="kind">
        ${option('any', 'everything', kind)} ${option('token', 'single tokens', kind)}
        ${option('selector', 'all with a claim', kind)}
      </select>
    </div>
    <div>
      <label for="state">Show</label>
      <select id="state" name="state">
        ${option('live', 'in force', state)} ${option('changes', 'also ended and taken back', state)}
      </select>
    </div>
  </div>`
}

function nothing(filter: Filter, { stoppedAt, newer }: Page): Html {
  if (stoppedAt !== undefined) return html`<p>Nothing was found so far.</p>`
  if (filter.isOpen && newer === undefined) return html`<p>Nothing is revoked.</p>`
  return html`<p>
    Nothing here matches. The store has no tokens, only what names them: to search for a token,
    <a href="lookup">look it up</a>.
  </p>`
}

const link = (name: string, href: string): Html => html`<li><a href="${href}">${name}</a></li>`

const exports = (view: string): Html =>
  html`<p>
    Download what matches, all pages: <a href="export?format=csv${view}">CSV</a>,
    <a href="export?format=ndjson${view}">NDJSON</a>. <code>revocade import</code> reads both.
  </p>`
