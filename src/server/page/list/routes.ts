import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { internalsOf } from '../../../engine/internals.js'
import { RequestError, RETRY_AFTER } from '../../problem.js'
import { liveAfter } from '../live-after.js'
import type { Login } from '../logins.js'
import type { PageParts } from '../page-parts.js'
import { Places } from '../places.js'
import { exported } from './export.js'
import { Filter, readFilter } from './filter.js'
import { listView } from './list-view.js'
import { type Place, readPage } from './pages.js'

/** Searches at a time: each may look at many rows, and checks are answered in between. */
const SEARCHES = { inAll: 6, ofAdmin: 3 }
const EXPORTS = { inAll: 6, ofAdmin: 2 }

/** The revocations in the store: filter, pages, download. */
export function listRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const { store } = internalsOf(engine, 'listRoutes()')
  const [searches, exports] = [new Places(SEARCHES), new Places(EXPORTS)]
  app.get(
    '/list',
    guard.reads(async (visit) => {
      const query = textsOf(visit.request.query)
      const filter = filterOf(visit.login, query.view)
      const alive = liveAfter(engine)
      const done = placeFor(searches, visit.login)
      try {
        const page = await readPage({ engine, filter, liveAfter: alive }, placeOf(query))
        const body = listView(
          { page, filter, kept: query.view, liveAfter: alive, here: hereOf(query) },
          visit,
        )
        return { title: 'Revocations', body }
      } finally {
        done()
      }
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
    // The answer to HEAD would read the whole store.
    { exposeHeadRoute: false },
    guard.reads(({ login, request, now }) => {
      const query = textsOf(request.query)
      const filter = filterOf(login, query.view)
      const format = query.format === 'csv' ? 'csv' : 'ndjson'
      const done = placeFor(exports, login)
      const download = Readable.from(exported({ store, filter, format, liveAfter: liveAfter(engine) }))
      download.once('close', done)
      app.log.info({ actor: login.admin.name, format }, 'revocations are exported')
      return {
        download,
        type: format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson',
        fileName: `revocations-${new Date(now).toISOString().slice(0, 10)}.${format}`,
      }
    }),
  )
}

/** @throws {RequestError} when too many are busy */
function placeFor(places: Places, login: Login): () => void {
  const done = places.take(login)
  if (done !== undefined) return done
  throw new RequestError(503, 'busy', BUSY, RETRY_AFTER)
}

const BUSY = 'too many searches or downloads are under way: wait until one is done, and try again'

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

/** The address of a page of the list. */
function hereOf({ before, after, view }: Query): string {
  const given = Object.entries({
    before: isSeq(before) ? before : undefined,
    after: isSeq(after) ? after : undefined,
    view,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
  return given.length === 0 ? 'list' : `list?${given.join('&')}`
}

const isSeq = (text: string | undefined): boolean => text !== undefined && /^\d{1,15}$/.test(text)

/** @throws {RequestError} when the login has it no more */
function filterOf(login: Login, kept: string | undefined): Filter {
  if (kept === undefined) return new Filter()
  const filter = login.kept(kept)
  if (filter instanceof Filter) return filter
  throw new RequestError(410, 'over', 'this filter is too old: open the list of revocations and filter anew')
}
