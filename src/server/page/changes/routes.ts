import type { FastifyInstance } from 'fastify'
import { liveAfter } from '../live-after.js'
import type { PageParts } from '../page-parts.js'
import { byActor } from './by-actor.js'
import { changesView } from './changes-view.js'
import { newest } from './newest.js'

/** Changes that are counted by who made them. */
const COUNTED = 1000

/** Who changed what lately. */
export function changesRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  app.get(
    '/changes',
    guard.reads(async (visit) => {
      const rows = await newest(engine, COUNTED)
      const parts = {
        rows,
        actors: byActor(rows),
        isAll: rows.length < COUNTED,
        liveAfter: liveAfter(engine),
      }
      return { title: 'Changes', body: changesView(parts, visit) }
    }),
  )
}
