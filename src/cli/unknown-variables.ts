import { suggestionFor } from '../validate.js'
import { printable } from './errors.js'
import { ENGINE_SETTINGS, SERVER_SETTINGS, variableOf } from './serve/settings.js'

/** The variables that any command or the default engine reads: they may be set for all of them. */
const KNOWN = [
  ...[...SERVER_SETTINGS, ...ENGINE_SETTINGS].map(variableOf),
  'REVOCADE_CONFIG',
  'REVOCADE_FROM_URL',
]

/** What Kubernetes sets in each pod for a service of the name `revocade`, or one that begins with it. */
const OF_KUBERNETES = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/
const ADDRESS_OF_KUBERNETES = /^(?:tcp|udp|sctp):\/\//

/**
 * A note on variables that look like settings and are none: they are probably mistyped. It has their names
 * and no values.
 *
 * @param options - those of the command: `--secret-env` and its like name variables of the user's own
 * @returns undefined when there are none
 */
export function noteOnUnknown(
  env: Readonly<Record<string, string | undefined>>,
  options: Readonly<Record<string, unknown>> = {},
): string | undefined {
  const own = [options.secretEnv, options.fromSecretEnv, options.toSecretEnv]
  const unknown = Object.keys(env).filter(
    (name) => /^REVOCADE_(?!TEST_)/.test(name) && !own.includes(name) && !isKnown(name, env[name]),
  )
  if (unknown.length === 0) return undefined
  const names = unknown.map((name) => {
    const near = suggestionFor(name, KNOWN)
    return near.startsWith('known') ? printable(name) : `${printable(name)} (${near})`
  })
  return `unknown environment variables are ignored: ${names.join(', ')}`
}

function isKnown(name: string, value = ''): boolean {
  if (KNOWN.includes(name) || OF_KUBERNETES.test(name)) return true
  return name.endsWith('_PORT') && ADDRESS_OF_KUBERNETES.test(value)
}
