import { randomBytes } from 'node:crypto'
import { Mutations } from '../engine/revocation-request.js'
import type { Settings } from '../options.js'
import { canonicalName } from '../token/claim-path.js'
import { TokenDigester } from '../token/identify.js'

/**
 * What an engine with these settings would write, or refuse. No store is opened, so the digests go nowhere.
 *
 * @param ids - the claims that may name an id to revoke
 */
export function mutationsOf(settings: Settings, ids = settings.idClaims): Mutations {
  const { idClaims, namespace, maxTokenBytes, selectors } = settings
  const honoured = [...selectors, ...idClaims.map((name) => [canonicalName(name)])]
  return new Mutations({
    digester: new TokenDigester({ key: randomBytes(16), namespace, idClaims, maxTokenBytes }),
    clock: Date,
    idClaims: ids,
    selectors: new Set(honoured.map((names) => JSON.stringify(names))),
    maxTokenLifetimeSeconds: settings.maxTokenLifetimeSeconds,
    issuerClockAheadSeconds: settings.issuerClockAheadSeconds,
  })
}
