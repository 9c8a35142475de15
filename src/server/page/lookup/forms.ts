import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { csrfField } from '../document.js'
import { tokenField, valueField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'
import type { Asked } from './look-up.js'

/** The claims that something can be looked up by: those that name a token, and those that selectors have. */
export function claimNames(engine: Revocade): readonly string[] {
  const { idClaims, selectors } = internalsOf(engine, 'claimNames()').settings
  const names = [...new Set([...selectors.filter(({ length }) => length === 1).flat(), ...idClaims])]
  // People ask for a user first.
  return names.toSorted((a, b) => Number(b === 'sub') - Number(a === 'sub'))
}

const ISSUER = html`Issuer <span class="quiet">(if the revocation has one)</span>`

/**
 * The two ways to ask.
 *
 * @param asked - what was asked before: the next question is often of the same claim
 */
export const lookupForms = (login: Login, names: readonly string[], asked?: Asked): Html =>
  html`<div class="columns">
    <form class="card" method="post" action="lookup">
      <h2>By the token</h2>
      ${csrfField(login)} ${tokenField()}
      <button type="submit">Look up</button>
    </form>
    <form class="card" method="post" action="lookup">
      <h2>By a claim</h2>
      ${csrfField(login)}
      <label for="claim">Claim</label>
      <select id="claim" name="claim">
        ${names.map((name) => html`<option ${name === asked?.claim && html` selected`}>${name}</option>`)}
      </select>
      ${valueField({ name: 'value', label: 'Value', required: true, value: asked?.value })}
      ${valueField({ name: 'iss', label: ISSUER, value: asked?.iss })}
      <button type="submit">Look up</button>
    </form>
  </div>`
