import type { FastifyInstance } from 'fastify'
import { internalsOf } from '../../../engine/internals.js'
import { rowAt } from '../../../engine/newest-rows.js'
import { undo } from '../../../engine/undo.js'
import { RequestError } from '../../problem.js'
import { html } from '../html.js'
import { isOver } from '../list/rows-view.js'
import { liveAfter } from '../live-after.js'
import type { PageParts } from '../page-parts.js'
import type { View, Visit } from '../view.js'
import { Marked, readBack, readMarked } from './marked.js'
import { undoPreview } from './preview-view.js'
import { undoAll, undoneView } from './undo-all.js'

/** Several revocations of the list at a time: mark, preview, take back. */
export function undoManyRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const { store, settings } = internalsOf(engine, 'undoManyRoutes()')
  app.post(
    '/undo-preview',
    guard.acts('editor', (visit) => preview(visit, readMarked(visit.form), readBack(visit.form))),
  )
  app.post(
    '/undo-confirm',
    guard.acts('editor', async (visit) => {
      const { login, form, now } = visit
      const marked = login.kept(form.get('kept'))
      if (!(marked instanceof Marked)) throw new RequestError(410, 'over', OVER)
      const { rows, back } = marked
      if (form.get('sure') !== 'yes')
        return preview(
          visit,
          rows.map(({ seq }) => seq),
          back,
          NOT_SURE,
        )
      const done = await undoAll(marked, (row) => undo(engine, row, login.admin.name))
      for (const { outcome, seq, undone } of done.receipts)
        app.log.info({ actor: login.admin.name, outcome, seq, undone }, 'taken back on the page')
      if (done.errors.length > 0) app.log.error({ err: done.errors[0] }, 'not all could be taken back')
      login.notice = undoneView(done, now)
      return { goTo: back }
    }),
  )

  async function preview(visit: Visit, seqs: readonly number[], back: string, fault?: string): Promise<View> {
    const { login, now } = visit
    const alive = liveAfter(engine)
    const found = await Promise.all(seqs.map((seq) => rowAt(store, seq)))
    const rows = found.flatMap((row) => (row === undefined || isOver(row, alive, now) ? [] : [row]))
    if (rows.length === 0) {
      login.notice = html`<p>${seqs.length === 0 ? NOTHING_MARKED : ALL_GONE}</p>`
      return { goTo: back }
    }
    const targets = rows.map(({ seq, target }) => ({ seq, target }))
    const kept = login.keep(new Marked(targets, back))
    const { maxStalenessMs } = settings
    const gone = seqs.length - rows.length
    const body = undoPreview({ rows, gone, kept, back, liveAfter: alive, maxStalenessMs, fault }, visit)
    return { title: 'Preview', body, ...(fault === undefined ? {} : { status: 400 }) }
  }
}

const NOTHING_MARKED = 'Nothing was done: mark first what to take back.'
const ALL_GONE = 'Nothing was done: what you marked changed or ended since.'
const NOT_SURE = 'Nothing was done: say that they may be used again.'
const OVER = 'this page is too old, so nothing was done: mark them again'
