import { type Html, html, type Part } from './html.js'

/** No help of the browser with what is not prose. */
const VERBATIM = html` autocomplete="off" autocapitalize="none" spellcheck="false"`

/** A field for a value: a claim, an id, a name. */
export interface ValueField {
  readonly name: string
  readonly label: Part
  /** @default '' */
  readonly value?: string | undefined
  readonly required?: boolean
  /** In characters. */
  readonly maxLength?: number
}

/** The field of a value, with its label. */
export const valueField = ({ name, label, value = '', required, maxLength }: ValueField): Html =>
  html`<label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      value="${value}"
      ${required === true && html` required`}
      ${maxLength !== undefined && html` maxlength="${maxLength}"`}
      ${VERBATIM}
    />`

const STILL_KNOWN = html`<strong>The token from before is still known: leave this empty to use it.</strong>`

/**
 * The field of a token, with its label. It is never filled.
 *
 * @param kept - where the token of before waits in the login
 */
export const tokenField = (kept?: string): Html =>
  html`<label for="token">Token</label>
    ${kept !== undefined && html`<input type="hidden" name="kept" value="${kept}" />`}
    <textarea
      id="token"
      name="token"
      rows="5"
      ${kept === undefined && html` required`}
      ${VERBATIM}
      aria-describedby="token-note"
    ></textarea>
    <p class="quiet" id="token-note">
      ${kept !== undefined && STILL_KNOWN} It is sent in the body of the request. It does not get into an
      address, a log or the store, and is not shown again.
    </p>`

/** The field of the reason, which every change needs. */
export const reasonField = (): Html =>
  html`<label for="reason">Reason</label>
    <input
      id="reason"
      name="reason"
      required
      maxlength="1024"
      autocomplete="off"
      autofocus
      aria-describedby="reason-note"
    />
    <p class="quiet" id="reason-note">It is kept with the revocation. Do not put a token into it.</p>`
