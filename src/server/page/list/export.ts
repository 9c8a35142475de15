import { listRows } from '../../../engine/list.js'
import { type ExportFormat, headOf, lineOf } from '../../../export/lines.js'
import type { RevocationStore } from '../../../ports/index.js'
import type { Filter } from './filter.js'

/** Characters that are sent at a time. */
const CHUNK = 64 * 1024

/** What is needed for an export. */
export interface ExportParts {
  readonly store: RevocationStore
  readonly filter: Filter
  readonly format: ExportFormat
  /** NumericDate seconds: what expires up to then has ended. */
  readonly liveAfter: number
}

/**
 * What `revocade export` writes, of the revocations that match: oldest change first, without what was taken
 * back.
 */
export async function* exported({
  store,
  filter,
  format,
  liveAfter,
}: ExportParts): AsyncGenerator<string, void, void> {
  let text = headOf(format)
  for await (const row of listRows(store)) {
    if (!filter.accepts(row, liveAfter)) continue
    text += lineOf(row, format)
    if (text.length < CHUNK) continue
    yield text
    text = ''
  }
  // An empty text would be no chunk, and the download of nothing is an empty file.
  if (text !== '') yield text
}
