import type { FastifyInstance } from 'fastify'
import type { AdminParts } from '../admin-parts.js'
import { readForms } from '../oauth/form.js'
import { RequestError } from '../problem.js'
import { assetRoutes } from './assets.js'
import { changesRoutes } from './changes/routes.js'
import { Guard } from './guard.js'
import { PAGE_HEADERS } from './headers.js'
import { listRoutes } from './list/routes.js'
import { liveRoutes } from './live/routes.js'
import { loginRoutes } from './login-routes.js'
import { Logins } from './logins.js'
import { lookupRoutes } from './lookup/routes.js'
import { Overview } from './overview/overview.js'
import { overviewRoutes } from './overview/routes.js'
import type { PageParts } from './page-parts.js'
import { revocationPageRoutes } from './revocation/routes.js'
import { revokeRoutes } from './revoke/routes.js'
import { sessionsRoutes } from './sessions/routes.js'
import { undoManyRoutes } from './undo-many/routes.js'

/** The admin page, below `/ui/`. It exists only where there are admins. */
export async function pageRoutes(app: FastifyInstance, parts: AdminParts): Promise<void> {
  const logins = new Logins()
  const guard = new Guard(logins)
  readForms(app)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(PAGE_HEADERS)
    done()
  })
  app.setErrorHandler((error, request, reply) => guard.sendError(error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    guard.sendError(new RequestError(404, 'not-found', 'there is no such page'), request, reply),
  )
  assetRoutes(app)
  await loginRoutes(app, { admins: parts.settings.admins, logins, guard })
  const page: PageParts = { ...parts, guard }
  const overview = new Overview(page)
  overviewRoutes(app, overview, page)
  liveRoutes(app, overview, page)
  lookupRoutes(app, page)
  revokeRoutes(app, page)
  listRoutes(app, page)
  revocationPageRoutes(app, page)
  undoManyRoutes(app, page)
  changesRoutes(app, page)
  sessionsRoutes(app, page)
}
