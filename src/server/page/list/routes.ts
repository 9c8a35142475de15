import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { internalsOf } from '../../../engine/internals.js'
import { RequestError } from '../../problem.js'
import { liveAfter } from '../live-after.js'
import type { Login } from '../logins.js'
import type { PageParts } from '../page-parts.js'
import { exported } from './export.js'
import { Filter, readFilter } from './filter.js'
import { listView } from './list-view.js'
import { type Place, readPage } from './pages.js'

/** The revocations in the store: filter, pages, download. */
export function listRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const { store } = internalsOf(engine, 'listRoutes()')
  app.get(
    '/list',
    guard.reads(async (visit) => {
      const query = textsOf(visit.request.query)
      const filter = filterOf(visit.login, query.view)
      const alive = liveAfter(engine)
      const page = await readPage(store, filter, { place: placeOf(query), liveAfter: alive })
      const body = listView({ page, filter, kept: query.view, liveAfter: alive }, visit)
      return { title: 'Revocations', body }
    }),
  )
  app.post(
    '/list',
    guard.acts('viewer', ({ login, form }) => {
      const filter = readFilter(form)
      return { goTo: filter.isOpen ? 'list' : `list?view=${login.keep(filter)}` }
    }),
  )
  app.get(
    '/export',
    guard.reads(({ login, request, now }) => {
      const query = textsOf(request.query)
      const filter = filterOf(login, query.view)
      const format = query.format === 'csv' ? 'csv' : 'ndjson'
      const lines = exported({ store, filter, format, liveAfter: liveAfter(engine) })
      app.log.info({ actor: login.admin.name, format }, 'revocations are exported')
      return {
        download: Readable.from(lines),
        type: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
        fileName: `revocations-${new Date(now).toISOString().slice(0, 10)}.${format}`,
      }
    }),
  )
}

type Query = Readonly<Partial<Record<'view' | 'before' | 'after' | 'format', string>>>

/** What the query of a link of ours has. What is given twice is left out. */
function textsOf(query: unknown): Query {
  const given = { ...Object(query) } as Record<string, unknown>
  return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'string'))
}

function placeOf({ before, after }: Query): Place {
  if (isSeq(after)) return { after: Number(after) }
  return isSeq(before) ? { before: Number(before) } : {}
}

const isSeq = (text: string | undefined): boolean => text !== undefined && /^\d{1,15}$/.test(text)

/** @throws {RequestError} when the login has it no more */
function filterOf(login: Login, kept: string | undefined): Filter {
  if (kept === undefined) return new Filter()
  const filter = login.kept(kept)
  if (filter instanceof Filter) return filter
  throw new RequestError(410, 'over', 'this filter is too old: open the list of revocations and filter anew')
}
