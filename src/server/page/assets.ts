import type { FastifyInstance } from 'fastify'
import { STYLE } from './style/index.js'

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
  '<rect width="32" height="32" rx="7" fill="#2450c4"/>' +
  '<path d="M8 16a8 8 0 1 1 2.3 5.7M10.3 10.3l11.4 11.4" fill="none" stroke="#fff" stroke-width="3"/></svg>'

/** What pages load. There is no secret in it, so it needs no login. */
export function assetRoutes(app: FastifyInstance): void {
  app.get('/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE))
  app.get('/icon.svg', (_request, reply) => reply.type('image/svg+xml').send(ICON))
}
