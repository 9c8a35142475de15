import type { Form } from '../../oauth/form.js'
import { csrfField } from '../document.js'
import { tokenField, valueField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'
import type { Choice } from './choices.js'

/** What the form shows. */
export interface FormParts {
  readonly login: Login
  readonly choices: readonly Choice[]
  readonly choice: Choice
  /** What was entered before, where it could not be used. */
  readonly given: Form
  readonly fault?: string | undefined
}

/** The form of one kind of revocation, and links to the others. */
export function revokeForm({ login, choices, choice, given, fault }: FormParts): Html {
  return html`<nav class="tabs" aria-label="What to revoke">
      <ul>
        ${choices.map(
          ({ key, name }) =>
            html`<li>
              <a
                href="revoke?by=${encodeURIComponent(key)}"
                ${key === choice.key && html` aria-current="page"`}
                >${name}</a
              >
            </li>`,
        )}
      </ul>
    </nav>
    <form class="card" method="post" action="preview">
      <h2>${choice.name}</h2>
      ${fault !== undefined && html`<p class="fault" role="alert">${fault}</p>`} ${csrfField(login)}
      <input type="hidden" name="by" value="${choice.key}" />
      ${fieldsOf(choice, given)}
      <label for="expiresAt">Ends, in UTC <span class="quiet">(${endNote(choice)})</span></label>
      <input id="expiresAt" name="expiresAt" type="datetime-local" value="${given.get('expiresAt') ?? ''}" />
      <button type="submit">Preview</button>
      <p class="quiet">Nothing is revoked yet: the next page shows what would be.</p>
    </form>`
}

function fieldsOf(choice: Choice, given: Form): Html {
  switch (choice.kind) {
    case 'token':
      return tokenField(given.get('kept'))
    case 'id':
      return html`${claimField(0, choice.claim, given)}
        ${valueField({ name: 'iss', label: 'iss, if you know it', value: given.get('iss') })}
        <p class="quiet">Without an issuer, the token with this id of any issuer is meant.</p>`
    case 'selector':
      return html`${choice.claims.map((claim, i) => claimField(i, claim, given))}
      ${cutoffFields(choice, given)}`
  }
}

const claimField = (index: number, claim: string, given: Form): Html => {
  const name = `claim${index}`
  return valueField({ name, label: claim, value: given.get(name), required: true })
}

const FOR_EVER = html`All, also those issued later, until the revocation ends. For a session that is over, or
a user who is locked out.`

function cutoffFields({ claims }: Extract<Choice, { kind: 'selector' }>, given: Form): Html {
  const chosen = given.get('cutoff') ?? 'now'
  const radio = (value: string, label: Html): Html =>
    html`<label class="choice"
      ><input type="radio" name="cutoff" value="${value}" ${value === chosen && html` checked`} />
      <span>${label}</span></label
    >`
  return html`<fieldset>
    <legend>Which of them</legend>
    ${radio('now', html`Those issued until you confirm. Whoever signs in again gets a token that works.`)}
    ${claims.length > 0 && radio('ever', FOR_EVER)} ${radio('time', html`Those issued before a time:`)}
    <label for="issuedBefore">Issued before, in UTC</label>
    <input
      id="issuedBefore"
      name="issuedBefore"
      type="datetime-local"
      step="1"
      value="${given.get('issuedBefore') ?? ''}"
    />
  </fieldset>`
}

const endNote = ({ kind }: Choice): string =>
  kind === 'token' ? 'empty: when the token expires' : 'empty: when the last token of now can have expired'
