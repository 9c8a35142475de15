import type { FastifyInstance } from 'fastify'
import type { AdminParts } from '../admin-parts.js'
import { readForms } from '../oauth/form.js'
import { RequestError } from '../problem.js'
import { assetRoutes } from './assets.js'
import { Guard } from './guard.js'
import { PAGE_HEADERS } from './headers.js'
import { loginRoutes } from './login-routes.js'
import { Logins } from './logins.js'
import { lookupRoutes } from './lookup/routes.js'
import { overviewRoutes } from './overview/routes.js'
import type { PageParts } from './page-parts.js'
import { revokeRoutes } from './revoke/routes.js'

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
  overviewRoutes(app, page)
  lookupRoutes(app, page)
  revokeRoutes(app, page)
}
