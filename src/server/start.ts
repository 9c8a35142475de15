import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Revocade } from '../api.js'
import { createRevocade } from '../create-revocade.js'
import { createForwardAuth } from '../http/index.js'
import { type Address, shownAddress } from './address.js'
import { addAdminRoutes, createAdminApp } from './admin-app.js'
import { type CheckServer, createCheckServer } from './check-server.js'
import { listen, type Listener, requireFree } from './http-server.js'
import { createMetrics } from './metrics.js'
import { createIntrospect } from './oauth/introspect.js'
import { readServerOptions, type ServerOptions, type ServerSettings } from './options.js'
import { Readiness } from './readiness.js'
import { withSources } from './token-sources.js'
import { createVerifier, type Verifier } from './verifier.js'

/** A server that runs. */
export interface RunningServer {
  readonly engine: Revocade
  readonly listen: Address
  readonly adminListen: Address
  /** Ends it: `/readyz` says 503, requests under way are answered, then the store is closed. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server of two listeners: one for proxies, which only asks, and one for admins, OAuth clients and
 * monitoring.
 *
 * @throws {RevocadeError} ERR_CONFIG, ERR_STORE_*: nothing is left behind
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const settings = readServerOptions(options)
  const { verification, toleranceSeconds } = settings
  const app = createAdminApp(settings.logLevel)
  const logger = settings.engine.logger ?? app.log
  const verifier = verification && (await createVerifier(verification, toleranceSeconds, logger))
  await requireFree({ listen: settings.listen, adminListen: settings.adminListen })
  const engine = await createRevocade({ ...settings.engine, logger })
  try {
    return await serve({ settings, verifier, app, engine })
  } catch (error) {
    await app.close()
    await engine.close()
    throw error
  }
}

interface Parts {
  readonly settings: ServerSettings
  readonly verifier: Verifier | undefined
  readonly app: FastifyInstance
  readonly engine: Revocade
}

async function serve({ settings, verifier, app, engine }: Parts): Promise<RunningServer> {
  const { policies, sources, introspectionMaxAgeSeconds: maxAgeSeconds } = settings
  const readiness = new Readiness(engine, verifier)
  const verify = verifier === undefined ? {} : { verify: verifier.verify }
  const ask = withSources(createForwardAuth(engine, { policies, ...verify }), sources)
  const check = createCheckServer({ ask, readiness, logger: app.log })
  const introspect =
    verifier && createIntrospect(engine, verifier, { policy: policies.default ?? {}, maxAgeSeconds })
  const metrics = createMetrics(engine, check.answers)
  app.addHook('onClose', () => metrics.stop())
  const { answers } = check
  const ending = new AbortController()
  const { signal: closing } = ending
  const known = { engine, settings, readiness, verifier, introspect, metrics, answers, closing }
  await addAdminRoutes(app, known)
  await app.ready()
  void verifier?.problem() // logs at once what requests would meet
  const listeners = await listenBoth(check, app, settings)
  const bound = { listen: listeners.listen.address, adminListen: listeners.adminListen.address }
  const { kind, path } = engine.stats().store
  app.log.info({ store: path ?? kind }, 'the store is open')
  if (verifier === undefined)
    app.log.warn({}, "signatures are not verified: there is no 'jwks' and no 'hmacSecret'")
  else app.log.info({}, 'signatures are verified')
  for (const [name, address] of Object.entries(bound))
    app.log.info({ listener: name, url: `http://${shownAddress(address)}` }, 'listening')
  if (settings.admins.size > 0)
    app.log.info({ url: `http://${shownAddress(bound.adminListen)}/ui/` }, 'the admin page is open')
  let closed: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closed ??= end({ listeners, app, engine, readiness, ending }, settings).then(() =>
      app.log.info({}, 'ended'),
    ))
  return { engine, ...bound, close }
}

interface Listeners {
  readonly listen: Listener
  readonly adminListen: Listener
}

async function listenBoth(
  check: CheckServer,
  app: FastifyInstance,
  settings: ServerSettings,
): Promise<Listeners> {
  const proxies = await listen(check.server, settings.listen, 'listen')
  try {
    return { listen: proxies, adminListen: await listen(app.server, settings.adminListen, 'adminListen') }
  } catch (error) {
    await proxies.drain(0)
    throw error
  }
}

interface Ending {
  readonly listeners: Listeners
  readonly app: FastifyInstance
  readonly engine: Revocade
  readonly readiness: Readiness
  readonly ending: AbortController
}

async function end(
  { listeners, app, engine, readiness, ending }: Ending,
  settings: ServerSettings,
): Promise<void> {
  readiness.drain()
  await sleep(settings.drainSeconds * 1000)
  ending.abort()
  const graceMs = settings.shutdownSeconds * 1000
  await Promise.all(Object.values(listeners).map((listener: Listener) => listener.drain(graceMs)))
  await app.close()
  await engine.close()
}
