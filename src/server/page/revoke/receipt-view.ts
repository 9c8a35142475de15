import type { Receipt } from '../../../api.js'
import { type Html, html } from '../html.js'
import { distance, targetWords } from '../words.js'

/** What became of a change. */
export function receiptView(receipt: Receipt, now: number): Html {
  const { outcome, target, effectiveEverywhereAt, note, redis } = receipt
  const isDone = outcome !== 'expired' && outcome !== 'unchanged'
  const everywhere = distance(effectiveEverywhereAt.getTime() - now)
  return html`<p>
    <strong>${OUTCOMES[outcome]}</strong> ${targetWords(target)}.
    ${isDone && html`It holds here at once, and in every other process ${everywhere}.`}
    ${redis === 'queued' && html`Redis gets it later. No answer relies on that.`}
    ${note !== undefined && html`Note: ${note}.`}
  </p>`
}

const OUTCOMES: Readonly<Record<Receipt['outcome'], string>> = {
  revoked: 'Revoked:',
  already: 'Was revoked already:',
  unrevoked: 'Taken back:',
  expired: 'Nothing to revoke, because it has expired:',
  unchanged: 'There was no revocation to take back of',
}
