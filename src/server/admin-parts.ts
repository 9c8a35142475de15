import type { Revocade } from '../api.js'
import type { CheckServer } from './check-server.js'
import type { Metrics } from './metrics.js'
import type { Introspect } from './oauth/introspect.js'
import type { ServerSettings } from './options.js'
import type { Readiness } from './readiness.js'
import type { Verifier } from './verifier.js'

/** What the routes of the admin listener need. */
export interface AdminParts {
  readonly engine: Revocade
  readonly settings: ServerSettings
  readonly readiness: Readiness
  readonly metrics: Pick<Metrics, 'text'>
  /** How often proxies got which status. */
  readonly answers: CheckServer['answers']
  /** Aborted when the listeners are about to be closed: whatever never ends by itself ends then. */
  readonly closing: AbortSignal
  readonly verifier: Verifier | undefined
  /** Undefined without a verification key. */
  readonly introspect: Introspect | undefined
}
