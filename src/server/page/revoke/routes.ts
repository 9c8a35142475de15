import type { FastifyInstance } from 'fastify'
import type { PageParts } from '../page-parts.js'
import { RevokeSteps } from './steps.js'

/** Revoke in two steps: a preview, and its confirmation. */
export function revokeRoutes(app: FastifyInstance, { guard, engine }: PageParts): void {
  const steps = new RevokeSteps(engine, ({ outcome, seq }, actor) =>
    app.log.info({ actor, outcome, seq }, 'revoked on the page'),
  )
  app.get(
    '/revoke',
    guard.reads((visit) => {
      const { by } = Object(visit.request.query) as { readonly by?: unknown }
      return steps.begin(visit, by)
    }, 'editor'),
  )
  app.post(
    '/preview',
    guard.acts('editor', (visit) => steps.preview(visit)),
  )
  app.post(
    '/confirm',
    guard.acts('editor', (visit) => steps.confirm(visit)),
  )
}
