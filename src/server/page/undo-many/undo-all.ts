import type { Receipt } from '../../../api.js'
import type { StoredRow } from '../../../ports/index.js'
import { type Html, html } from '../html.js'
import { distance } from '../words.js'
import type { Marked } from './marked.js'
import { numberOf } from './preview-view.js'

/** What became of several undoings. */
export interface Undone {
  readonly receipts: readonly (Receipt & { readonly undone: number })[]
  /** How many were changed or had ended meanwhile: nothing was done about them. */
  readonly changed: number
  /** Why others failed; what was done is done. */
  readonly errors: readonly unknown[]
}

/**
 * Takes revocations back, each by itself.
 *
 * @param takeBack - undefined when it was changed since it was seen
 * @throws {RevocadeError} when none could be written: that of the first
 */
export async function undoAll(
  { rows }: Marked,
  takeBack: (row: Pick<StoredRow, 'seq' | 'target'>) => Promise<Receipt | undefined>,
): Promise<Undone> {
  const results = await Promise.allSettled(rows.map(takeBack))
  const receipts: (Receipt & { readonly undone: number })[] = []
  const errors: unknown[] = []
  for (const [i, result] of results.entries()) {
    if (result.status === 'rejected') errors.push(result.reason)
    else if (result.value?.outcome === 'unrevoked')
      receipts.push({ ...result.value, undone: rows[i]?.seq ?? 0 })
  }
  if (receipts.length === 0 && errors.length > 0) throw errors[0]
  return { receipts, errors, changed: rows.length - receipts.length - errors.length }
}

/** What became of them, in words. */
export function undoneView({ receipts, changed, errors }: Undone, now: number): Html {
  const everywhereAt = Math.max(now, ...receipts.map((receipt) => receipt.effectiveEverywhereAt.getTime()))
  return html`<p>
      <strong>Taken back:</strong> ${receipts.length === 0 ? 'nothing' : numberOf(receipts.length)}.
      ${
        receipts.length > 0 &&
        html`It holds here at once, and in every other process ${distance(everywhereAt - now)}.`
      }
    </p>
    ${changed > 0 && html`<p>Left as they are, because they changed or ended meanwhile: ${changed}.</p>`}
    ${
      errors.length > 0 &&
      html`<p>
        Not taken back: ${errors.length}, because the store did not confirm it. Look at the list before you
        mark them again.
      </p>`
    }`
}
