import type { Revocade } from '../../../api.js'
import { internalsOf } from '../../../engine/internals.js'
import { csrfField } from '../document.js'
import { type Html, html } from '../html.js'
import type { Login } from '../logins.js'

/** The claims that something can be looked up by: those that name a token, and those that selectors have. */
export function claimNames(engine: Revocade): readonly string[] {
  const { idClaims, selectors } = internalsOf(engine, 'claimNames()').settings
  return [...new Set([...selectors.filter(({ length }) => length === 1).flat(), ...idClaims])]
}

/** The two ways to ask. */
export const lookupForms = (login: Login, names: readonly string[]): Html =>
  html`<div class="columns">
    <form class="card" method="post" action="lookup">
      <h2>By the token</h2>
      ${csrfField(login)}
      <label for="token">Token</label>
      <textarea
        id="token"
        name="token"
        rows="5"
        required
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        aria-describedby="token-note"
      ></textarea>
      <p class="quiet" id="token-note">
        It is sent in the body of the request. It does not get into an address, a log or the store, and is not
        shown again.
      </p>
      <button type="submit">Look up</button>
    </form>
    <form class="card" method="post" action="lookup">
      <h2>By a claim</h2>
      ${csrfField(login)}
      <label for="claim">Claim</label>
      <select id="claim" name="claim">
        ${names.map((name) => html`<option>${name}</option>`)}
      </select>
      <label for="value">Value</label>
      <input id="value" name="value" required autocomplete="off" autocapitalize="none" spellcheck="false" />
      <label for="iss">Issuer <span class="quiet">(if the revocation has one)</span></label>
      <input id="iss" name="iss" autocomplete="off" autocapitalize="none" spellcheck="false" />
      <button type="submit">Look up</button>
    </form>
  </div>`
