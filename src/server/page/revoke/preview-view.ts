import type { Plan } from '../../../engine/planner.js'
import type { Entry } from '../../revocations/entry.js'
import { csrfField } from '../document.js'
import { facts, revocationFacts } from '../facts.js'
import { reasonField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'
import { moment, targetWords } from '../words.js'

/** What a preview shows. */
export interface PreviewParts {
  readonly plan: Plan
  /** The same for the number, where the id may be one. */
  readonly asNumber: readonly Plan[]
  readonly entry: Entry
  /** Where the entry waits in the login. */
  readonly kept: string
  readonly login: Login
  readonly now: number
  readonly fault?: string | undefined
}

/** What would be revoked, and the form that does it. */
export function previewView({ plan, asNumber, entry, kept, login, now, fault }: PreviewParts): Html {
  const { target, hasExpired } = plan
  const isSelector = 'where' in entry
  const live = [plan, ...asNumber].flatMap(({ present }) =>
    present !== undefined && present.expiresAt.getTime() > now ? [present] : [],
  )
  return html`<section class="card">
      ${facts([
        ['Would revoke', targetWords(target)],
        ['Which of them', isSelector && cutoffWords(plan, entry, now)],
        ['How many', howMany(target, isSelector)],
        ['As', asNumber.length > 0 && 'a text and a number: whichever the token has'],
        ['Ends', endWords(plan, entry, now)],
        ['By', login.admin.name],
      ])}
    </section>
    ${
      live.length > 0 &&
      html`<h2>It is revoked already</h2>
        <p>To revoke it again replaces the reason and the name. The later cutoff and the later end stay.</p>
        ${live.map((present) => html`<section class="card">${revocationFacts(present, now)}</section>`)}`
    }
    ${hasExpired ? EXPIRED : confirmation({ plan, kept, login, fault })}`
}

const EXPIRED = html`<p class="fault">It has expired, so there is nothing to revoke.</p>
  <p><a href="revoke">Back</a></p>`

/** The form that does it. */
const confirmation = ({
  plan,
  kept,
  login,
  fault,
}: Pick<PreviewParts, 'plan' | 'kept' | 'login' | 'fault'>): Html =>
  html`<form class="card" method="post" action="confirm">
    ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`} ${csrfField(login)}
    <input type="hidden" name="kept" value="${kept}" />
    ${reasonField()} ${isEverybody(plan) && EVERYBODY}
    <div class="buttons">
      <button class="danger" type="submit">Revoke</button> <a href="revoke">Cancel</a>
    </div>
  </form>`

/** An end that is too early for the longest token is put off. */
function endWords({ expiresAt }: Plan, entry: Entry, now: number): Html {
  const { expiresAt: given } = entry
  const isProlonged =
    typeof given === 'string' && Math.ceil(Date.parse(given) / 1000) * 1000 < expiresAt.getTime()
  const end = moment(expiresAt, now)
  return isProlonged ? html`prolonged to ${end}, because tokens may live until then` : end
}

const EVERYBODY = html`<label class="choice">
  <input type="checkbox" name="everybody" value="yes" required />
  <span>Yes, revoke the tokens of everybody</span>
</label>`

const isEverybody = ({ target }: Plan): boolean =>
  target.kind === 'selector' && Object.keys(target.where).length === 0

function cutoffWords({ issuedBefore }: Plan, entry: Entry, now: number): Html {
  if (issuedBefore === undefined) return html`all of them, also those issued later, until it ends`
  if (entry.issuedBefore === undefined) return html`those issued until you confirm`
  return html`those issued before ${moment(issuedBefore, now)}, and in that second`
}

function howMany({ kind }: Plan['target'], isSelector: boolean): string {
  if (isSelector) return 'every token that matches; the store has no list of tokens, so nobody can count them'
  return kind === 'selector' ? 'the one token with this id, of any issuer' : 'one token'
}
