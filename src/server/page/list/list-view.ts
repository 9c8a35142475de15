import { csrfField } from '../document.js'
import { type Html, html } from '../html.js'
import type { Visit } from '../view.js'
import { count } from '../words.js'
import { type Filter, MOST_CHARACTERS } from './filter.js'
import type { Page } from './pages.js'
import { rowsView } from './rows-view.js'

/** What the listing shows. */
export interface ListParts {
  readonly page: Page
  readonly filter: Filter
  /** Where the filter waits in the login; undefined for none. */
  readonly kept: string | undefined
  readonly liveAfter: number
}

/** The filter, one page, and the ways on. */
export function listView({ page, filter, kept, liveAfter }: ListParts, { login, now }: Visit): Html {
  const view = kept === undefined ? '' : `&view=${kept}`
  return html`<form class="card filter" method="post" action="list" role="search">
      ${csrfField(login)} ${fields(filter)}
      <div class="buttons">
        <button type="submit">Filter</button> ${!filter.isOpen && html`<a href="list">Show all</a>`}
      </div>
    </form>
    ${page.rows.length === 0 ? nothing(filter, page) : rowsView(page.rows, liveAfter, now)}
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

function fields({ text, actor, kind, state }: Filter): Html {
  const option = (value: string, name: string, chosen: string): Html =>
    html`<option value="${value}" ${value === chosen && html` selected`}>${name}</option>`
  return html`<div class="fields">
    <div>
      <label for="text">User, id or reason</label>
      <input
        id="text"
        name="text"
        value="${text}"
        maxlength="${MOST_CHARACTERS}"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="actor">By whom</label>
      <input
        id="actor"
        name="actor"
        value="${actor}"
        maxlength="${MOST_CHARACTERS}"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="kind">What</label>
      <select id="kind" name="kind">
        ${option('any', 'tokens and claims', kind)} ${option('token', 'single tokens', kind)}
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
