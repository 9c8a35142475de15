import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { csrfField } from '../document.js'
import { tokenField, valueField } from '../fields.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'

/** The claims that something can be looked up by: those that name a token, and those that selectors have. */
export function claimNames(engine: Revocade): readonly string[] {
  const { idClaims, selectors } = internalsOf(engine, 'claimNames()').settings
  return [...new Set([...selectors.filter(({ length }) => length === 1).flat(), ...idClaims])]
}

const ISSUER = html`Issuer <span class="quiet">(if the revocation has one)</span>`

/** The two ways to ask. */
export const lookupForms = (login: Login, names: readonly string[]): Html =>
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
        ${names.map((name) => html`<option>${name}</option>`)}
      </select>
      ${valueField({ name: 'value', label: 'Value', required: true })}
      ${valueField({ name: 'iss', label: ISSUER })}
      <button type="submit">Look up</button>
    </form>
  </div>`
