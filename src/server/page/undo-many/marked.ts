import type { StoredRow } from '../../../ports/index.js'
import type { Form } from '../../oauth/form.js'
import { RequestError } from '../../problem.js'
import { PAGE_ROWS } from '../list/pages.js'

/** Revocations that somebody has marked in the list. They wait in the login for their undoing. */
export class Marked {
  readonly rows: readonly Pick<StoredRow, 'seq' | 'target'>[]
  /** The page of the list where they were marked. */
  readonly back: string

  constructor(rows: Marked['rows'], back: string) {
    this.rows = rows
    this.back = back
  }
}

/** The name of the box of a row. */
export const boxName = (seq: number): string => `row.${seq}`

/**
 * The numbers of the rows that are marked in a form, newest first.
 *
 * @throws {RequestError} when they are more than a page has
 */
export function readMarked(form: Form): number[] {
  const seqs = [...form.keys()].flatMap((name) => /^row\.(\d{1,15})$/.exec(name)?.[1] ?? []).map(Number)
  if (seqs.length > PAGE_ROWS)
    throw new RequestError(400, 'too-many', `at most ${PAGE_ROWS} are taken back at a time: mark fewer`)
  return seqs.toSorted((a, b) => b - a)
}

/** The page of the list that a form was on. */
export function readBack(form: Form): string {
  const back = form.get('back') ?? ''
  return /^list(?:\?[\w=&-]*)?$/.test(back) ? back : 'list'
}
