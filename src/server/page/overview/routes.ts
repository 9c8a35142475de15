import type { FastifyInstance } from 'fastify'
import { html } from '../html.js'
import { rowsView } from '../list/rows-view.js'
import { chartsView } from '../live/charts.js'
import { liveAfter } from '../live-after.js'
import type { PageParts } from '../page-parts.js'
import { figuresView } from './figures.js'
import type { Overview } from './overview.js'

/** The page that comes first: what is wrong, then what happens, then the figures. */
export function overviewRoutes(app: FastifyInstance, overview: Overview, { engine, guard }: PageParts): void {
  const page = guard.reads(async ({ now }) => {
    const { section, storeWorks } = await overview.state()
    const stats = overview.stats()
    const changes = await overview.changes()
    const body = html`${section}
      <p class="quiet" id="live">Reload the page for newer numbers.</p>
      ${chartsView(overview.sampler.rates)}
      ${
        changes !== undefined &&
        changes.length > 0 &&
        html`<h2>Newest changes</h2>
          ${rowsView(changes, liveAfter(engine), now)}
          <p><a href="changes">More, and by whom</a></p>`
      }
      ${stats !== undefined && figuresView(stats, overview.answers, storeWorks)}`
    return { title: 'Overview', body, script: 'live.js' }
  })
  app.get('/', (request, reply) => {
    const [path = ''] = request.url.split('?')
    // Without the slash, relative addresses would lead elsewhere.
    return path.endsWith('/') ? page(request, reply) : reply.redirect('ui/', 308)
  })
}
