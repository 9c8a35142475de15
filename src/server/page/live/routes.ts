import type { FastifyInstance } from 'fastify'
import { RETRY_AFTER } from '../../problem.js'
import type { Overview } from '../overview/overview.js'
import type { PageParts } from '../page-parts.js'
import { SCRIPT } from './script.js'
import { eventOf, Streams } from './streams.js'

/** Numbers that change while somebody looks, by server-sent events. */
export function liveRoutes(app: FastifyInstance, overview: Overview, { guard, closing }: PageParts): void {
  const streams = new Streams()
  const { sampler } = overview
  let shown: string | undefined
  let isLooking = false
  const refresh = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    try {
      const { key, section } = await overview.state()
      if (key !== shown) streams.send(eventOf('state', section.text))
      shown = key
    } finally {
      isLooking = false
    }
  }
  sampler.onSample(() => {
    if (streams.size === 0) return
    streams.send(eventOf('values', overview.values()))
    void refresh()
  })
  sampler.start()
  app.addHook('onClose', (_app, done) => {
    sampler.stop()
    done()
  })
  closing.addEventListener('abort', () => streams.end(), { once: true })
  app.get('/live.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(SCRIPT))
  app.get('/live', { exposeHeadRoute: false }, async (request, reply) => {
    const login = guard.loginOf(request, false)
    if (login === undefined) return reply.code(401).send()
    const stream = streams.begin(login, () => guard.loginOf(request, false) === login)
    if (stream === undefined) return reply.code(503).headers(RETRY_AFTER).send()
    reply.raw.once('close', () => stream.destroy())
    stream.write(eventOf('values', overview.values()))
    // What this page shows may be older than what others were told.
    stream.write(eventOf('state', (await overview.state()).section.text))
    // Else nginx would hold it back.
    return reply.type('text/event-stream').header('X-Accel-Buffering', 'no').send(stream)
  })
}
