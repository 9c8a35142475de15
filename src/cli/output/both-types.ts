import { note } from './print.js'

/** Says that ids were taken as a text and as a number, because nothing told which of them they are. */
export function noteBoth(ids: number, options: { readonly json?: boolean }): void {
  if (ids === 0) return
  const are = ids === 1 ? '1 id is a whole number' : `${ids} ids are whole numbers`
  note(
    `${are}, in tokens perhaps a text: each counts as two revocations, of the number and the text`,
    options,
  )
}
