import { csrfField } from '../document.js'
import { type Fact, facts, revocationFacts } from '../facts.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'
import type { Visit } from '../view.js'
import { DECIDED_BY, moment, pair, targetWords } from '../words.js'
import type { Asked, Found } from './look-up.js'

/** Characters of a claim that are shown. */
const SHOWN = 200

/** The verdict, why, and all revocations that match. */
export function resultView(found: Found, { login, now }: Visit, forms: Html): Html {
  const { verdict, naming } = found
  const rows = naming?.rows ?? []
  const applying = rows.filter(({ applies }) => applies).map(({ revocation }) => revocation)
  const deciding = verdict.revocation === undefined ? [] : [verdict.revocation]
  // What the store could not be asked for any more.
  const why = applying.length === 0 ? deciding : applying
  const others = rows.filter(({ applies }) => !applies)
  const mayRevoke = verdict.status !== 'revoked' && login.admin.role === 'editor'
  return html`${verdictView(found, now)}
    ${applying.length > 1 && html`<h2>${applying.length} revocations revoke it</h2>`}
    ${why.map((revocation) => card(revocationFacts(revocation, now)))}
    ${
      others.length > 0 &&
      html`<h2>Revocations that match, and do not revoke it now</h2>
        <p class="quiet">They have ended, begin later, or are only about tokens that were issued earlier.</p>
        ${others.map(({ revocation }) => card(revocationFacts(revocation, now)))}`
    }
    ${aboutToken(found, now)} ${mayRevoke && found.token !== undefined && revokeIt(login, found.token)}
    <h2>Look up another</h2>
    ${forms}`
}

const HEADLINES = {
  active: ['Not revoked', 'good'],
  revoked: ['Revoked', 'bad'],
  unknown: ['Nobody can say', 'warn'],
} as const

/** What is not known where nothing revokes a claim. */
function notAllOf(asked: Asked): Html {
  const others = asked.isId ? 'another claim' : 'its id or another claim'
  return html`<li>
      Nothing revokes ${askedWords(asked)} as such. A token with it may still be revoked by ${others}.
    </li>
    ${
      isBareId(asked) &&
      html`<li>
        A token that was revoked by its ${asked.claim} and its issuer is found with the issuer only: give the
        issuer, too, or look the token itself up.
      </li>`
    }`
}

const isBareId = ({ isId, iss }: Asked): boolean => isId && iss === undefined

const askedWords = ({ claim, value, iss }: Asked): Html =>
  html`${pair(claim, value)}${iss !== undefined && html` of ${pair('iss', iss)}`}`

function verdictView({ verdict, naming, asked }: Found, now: number): Html {
  const { status, decidedBy, reason, pending } = verdict
  const [headline, usual] = HEADLINES[status]
  // No all-clear: the id may be revoked together with its issuer.
  const level = status === 'active' && asked !== undefined && isBareId(asked) ? 'warn' : usual
  return html`<section class="state ${level}" role="status">
    <p class="headline"><strong>${headline}</strong></p>
    <ul>
      ${asked !== undefined && html`<li>Looked up: ${askedWords(asked)}.</li>`}
      ${status === 'unknown' && html`<li>${reason ?? 'The store can not be asked.'}</li>`}
      ${asked !== undefined && status === 'active' && notAllOf(asked)}
      ${
        pending?.notBefore &&
        html`<li>It will be ${moment(pending.notBefore, now)}: ${targetWords(pending.target)}.</li>`
      }
      <li>Decided by ${DECIDED_BY[decidedBy]}.</li>
      ${naming === undefined && html`<li>The store can not be asked for more.</li>`}
    </ul>
  </section>`
}

const SIGNATURES = {
  right: 'right',
  wrong: 'wrong, or of another issuer or audience: proxies refuse this token in any case',
  unknown: 'not known: the keys can not be fetched',
  'no-key': 'not verified: this server has no key, so all that follows is what the token claims',
} as const

function aboutToken({ claims, signature, token, naming }: Found, now: number): Html | undefined {
  if (token === undefined) return undefined
  const { target } = naming ?? {}
  const texts = ['iss', 'sub', 'sid', 'client_id', 'azp', 'aud', 'jti'].map((name): Fact => [
    name,
    claims?.[name] === undefined ? undefined : html`<code>${shown(claims[name])}</code>`,
  ])
  return html`<h2>The token</h2>
    <section class="card">
      ${facts([
        ['Named by', target && targetWords(target)],
        ['Kind', claims === undefined ? 'opaque: it has no claims that can be read here' : 'JWT'],
        ['Signature', signature && SIGNATURES[signature]],
        ...texts,
        ['Issued', timeOf(claims?.iat, now)],
        ['Expires', timeOf(claims?.exp, now)],
      ])}
    </section>`
}

/** A claim as text: a string as it is, else JSON. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : jsonOf(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return 'nested too deeply to be shown'
  }
}

function timeOf(value: unknown, now: number): Html | undefined {
  if (typeof value !== 'number') return undefined
  const date = new Date(value * 1000)
  return Number.isNaN(date.getTime()) ? html`<code>${value}</code>` : moment(date, now)
}

const card = (body: Html): Html => html`<section class="card">${body}</section>`

/** To go on without a second paste. The token waits in the memory of the server. */
const revokeIt = (login: Login, token: string): Html =>
  html`<form method="post" action="preview">
    ${csrfField(login)}
    <input type="hidden" name="by" value="token" />
    <input type="hidden" name="kept" value="${login.keep(token)}" />
    <button type="submit">Revoke this token…</button>
  </form>`
