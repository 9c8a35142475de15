import type { FastifyInstance } from 'fastify'
import type { Revocade, Stats } from '../../../api.js'
import { html } from '../html.js'
import type { PageParts } from '../page-parts.js'
import { figuresView } from './figures.js'
import { problemsIn } from './problems.js'
import { problemsView } from './problems-view.js'

/** The page that comes first: what is wrong, then the figures. */
export function overviewRoutes(
  app: FastifyInstance,
  { engine, readiness, settings, answers, guard }: PageParts,
): void {
  const overview = guard.reads(async ({ now }) => {
    const stats = statsOf(engine)
    const unready = await readiness.problem()
    const verifies = settings.verification !== undefined
    const problems = problemsIn({ stats, unready, verifies, byPolicy: stats?.decided.policy ?? 0 })
    const storeWorks = unready?.includes('store') !== true
    const body = html`${problemsView(problems, now)}
    ${stats !== undefined && figuresView(stats, answers, storeWorks)}`
    return { title: 'Overview', body }
  })
  app.get('/', (request, reply) => {
    const [path = ''] = request.url.split('?')
    // Without the slash, relative addresses would lead elsewhere.
    return path.endsWith('/') ? overview(request, reply) : reply.redirect('ui/', 308)
  })
}

function statsOf(engine: Pick<Revocade, 'stats'>): Stats | undefined {
  try {
    return engine.stats()
  } catch {
    return undefined
  }
}
