import type { StoredRow } from '../../../ports/index.js'

/** A revocation as a page has shown it. It waits in the login for its undoing. */
export class Seen {
  readonly row: StoredRow

  constructor(row: StoredRow) {
    this.row = row
  }
}
