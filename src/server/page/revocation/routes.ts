import type { FastifyInstance } from 'fastify'
import { internalsOf } from '../../../engine/internals.js'
import { rowAt } from '../../../engine/newest-rows.js'
import { undo } from '../../../engine/undo.js'
import type { StoredRow } from '../../../ports/index.js'
import { RequestError } from '../../problem.js'
import { liveAfter } from '../live-after.js'
import type { PageParts } from '../page-parts.js'
import { receiptView } from '../revoke/receipt-view.js'
import { type ShownRow, shownRow } from '../shown-row.js'
import type { View, Visit } from '../view.js'
import { revocationView } from './revocation-view.js'
import { Seen } from './seen.js'

/** One revocation, by the number of its change, and its undoing. */
export function revocationPageRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const { store, settings, layers } = internalsOf(engine, 'revocationPageRoutes()')
  const show = (visit: Visit, row: ShownRow, fault?: string): View => ({
    title: 'Revocation',
    body: revocationView(
      { row, liveAfter: liveAfter(engine), maxStalenessMs: settings.maxStalenessMs, fault },
      visit,
    ),
    ...(fault === undefined ? {} : { status: 409 }),
  })
  app.get(
    '/revocation',
    guard.reads(async (visit) => {
      const { seq } = Object(visit.request.query) as { readonly seq?: unknown }
      const row = isSeq(seq) ? await rowAt(store, Number(seq)) : undefined
      if (row === undefined) throw new RequestError(404, 'changed', GONE)
      return show(visit, await shownRow(engine, row))
    }),
  )
  app.post(
    '/undo',
    guard.acts('editor', async (visit) => {
      const { login, form } = visit
      const seen = login.kept(form.get('kept'))
      if (!(seen instanceof Seen)) throw new RequestError(410, 'over', OVER)
      const { row } = seen
      if (form.get('sure') !== 'yes') return show(visit, row, NOT_SURE)
      const receipt = await undo(engine, row, login.admin.name)
      if (receipt === undefined) {
        const now = await newer(row)
        if (now === undefined) throw new RequestError(409, 'changed', GONE)
        return show(visit, await shownRow(engine, now), CHANGED)
      }
      const { outcome, seq } = receipt
      app.log.info({ actor: login.admin.name, outcome, seq, undone: row.seq }, 'taken back on the page')
      login.notice = receiptView(receipt, visit.now)
      return { goTo: seq === 0 ? 'list' : `revocation?seq=${seq}` }
    }),
  )

  /** What the target has now. */
  async function newer({ target }: StoredRow): Promise<StoredRow | undefined> {
    const rows = await Promise.all(
      layers.digester.targets.all(target).map(async (digest) => store.get(digest)),
    )
    return rows.find((row) => row !== undefined)
  }
}

const GONE = 'this revocation was changed since, or purged: look for it in the list of revocations'
const OVER = 'this page is too old, so nothing was done: open the revocation again'
const NOT_SURE = 'Nothing was done: say that it may be used again.'
const CHANGED = 'It was changed meanwhile, so nothing was done. This is what stands there now.'

const isSeq = (text: unknown): boolean => typeof text === 'string' && /^\d{1,15}$/.test(text)
