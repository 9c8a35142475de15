import type { Session } from '../../../sessions/index.js'
import { csrfField } from '../document.js'
import { facts } from '../facts.js'
import { reasonField, valueField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'
import type { Visit } from '../view.js'
import { count, moment } from '../words.js'
import type { Owner, PreparedEnd, SomeSessions } from './ending.js'

/** Asks whose sessions to show. */
export const ownerForm = (login: Login, fault?: string): Html =>
  html`<form class="card filter" method="post" action="sessions" role="search">
    ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`} ${csrfField(login)}
    <div class="fields">
      <div>
        <label for="by">Sessions of</label>
        <select id="by" name="by">
          <option value="sub">a user (sub)</option>
          <option value="sid">a login (sid)</option>
        </select>
      </div>
      <div>${valueField({ name: 'value', label: 'Value', required: true })}</div>
    </div>
    <button type="submit">Show</button>
  </form>`

/** The live sessions of a user or a login, and what can be done about them. */
export function sessionsView({ shown, total }: SomeSessions, { where }: Owner, { login, now }: Visit): Html {
  const isEditor = login.admin.role === 'editor'
  const [name, value] = 'sub' in where ? ['user', where.sub] : ['login', where.sid]
  const heading = html`<h2>Live sessions of the ${name} <code>${value}</code></h2>`
  if (total === 0)
    return html`${heading}
      <p>
        There are none. This is about services that keep sessions in this store with
        <code>revocade/sessions</code>.
        ${isEditor && html`Access tokens can be <a href="revoke">revoked</a> by a claim in any case.`}
      </p>`
  return html`${heading} ${notShown({ shown, total })}
  ${shown.map(
    (session) =>
      html`<section class="card">
        ${sessionFacts(session, now)}
        ${
          isEditor &&
          html`<div class="buttons">
            ${endButton(login, { what: 'login', ...idsOf(session, where) }, 'End this login…')}
            ${
              session.clientId !== undefined &&
              endButton(
                login,
                { what: 'app', ...idsOf(session, where), clientId: session.clientId },
                'End this application…',
              )
            }
            ${
              'sub' in where &&
              endButton(login, { what: 'others', ...idsOf(session, where) }, 'End all others…')
            }
          </div>`
        }
      </section>`,
  )}
  ${
    isEditor &&
    'sub' in where &&
    total > 1 &&
    endButton(login, { what: 'all', sub: where.sub }, 'End all of them…')
  }`
}

/** That there are more; undefined where there are none. */
const notShown = ({ shown, total }: SomeSessions): Html | undefined =>
  total > shown.length
    ? html`<p class="quiet">
        The ${shown.length} oldest are shown, and ${count(total - shown.length)} more are not.
      </p>`
    : undefined

const sessionFacts = (session: Session, now: number): Html =>
  facts([
    ['Login', html`<code>${session.sid}</code>`],
    ['User', html`<code>${session.sub}</code>`],
    ['Application', session.clientId],
    ['Began', moment(session.createdAt, now)],
    ['Refreshed', moment(session.rotatedAt, now)],
    ['Ends', moment(session.expiresAt, now)],
    ['Bound to a key', session.bound ? 'yes' : undefined],
    ...Object.entries(session.details ?? {}).map(([name, value]) => [name, String(value)] as const),
  ])

/** Where the list was of a user, it is shown again afterwards. */
const idsOf = ({ sid }: Session, where: Owner['where']): Readonly<Record<string, string>> =>
  'sub' in where ? { sub: where.sub, sid } : { sid }

const endButton = (login: Login, fields: Readonly<Record<string, string>>, text: string): Html =>
  html`<form method="post" action="end">
    ${csrfField(login)}
    ${Object.entries(fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <button class="plain" type="submit">${text}</button>
  </form>`

/** What a preview of an end shows. */
export interface EndPreview {
  readonly prepared: PreparedEnd
  readonly kept: string
  readonly reached: SomeSessions
  /** The way back. */
  readonly back: string
  readonly fault?: string | undefined
}

/** What would end, and the form that ends it. */
export function endPreview(
  { prepared, kept, reached, back, fault }: EndPreview,
  { login, now }: Visit,
): Html {
  const number = reached.total === 1 ? '1 session is' : `${count(reached.total)} sessions are`
  return html`<section class="card">
      ${facts([
        ['Would end', prepared.words],
        ['How many', `${number} live now; what begins until you confirm is reached too`],
        [
          'What follows',
          'no refresh token works any more, and their access tokens are revoked. It can not be taken back',
        ],
        ['By', login.admin.name],
      ])}
    </section>
    <form class="card" method="post" action="end-confirm">
      ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`} ${csrfField(login)}
      <input type="hidden" name="kept" value="${kept}" />
      ${reasonField()}
      <div class="buttons">
        <button class="danger" type="submit">End</button> <a href="${back}">Cancel</a>
      </div>
    </form>
    ${notShown(reached)}
    ${reached.shown.map((session) => html`<section class="card">${sessionFacts(session, now)}</section>`)}`
}
