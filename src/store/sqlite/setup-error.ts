import { RevocadeError } from '../../errors.js'

/** What an error of Node.js or of the driver may carry besides its message. */
interface Traits {
  readonly code: string
  readonly message: string
  /** Of Node's permission model: `WorkerThreads`, `FileSystemRead` … */
  readonly permission: string
  readonly resource: string
}

const BUILD =
  'run `npm rebuild better-sqlite3`; with pnpm `pnpm approve-builds`, then `pnpm rebuild better-sqlite3`; ' +
  'see docs/guides/install.md in the package'
const OVERRIDE = 'override its version; see docs/guides/install.md in the package'
const UNBUNDLE =
  'leave revocade out of the bundle and install it beside it (esbuild, Rollup, webpack: `external`; ' +
  'Next.js: `serverExternalPackages`); see docs/guides/bundlers.md in the package'

/**
 * Recognises errors that come from how this package was installed, bundled or started. Trying again does not
 * help, so they are ERR_CONFIG, and say what does. It goes by codes and messages, not by classes: errors from
 * Node.js are of another realm in some test runners.
 *
 * @returns undefined for any other error
 */
export function setupError(cause: unknown): RevocadeError | undefined {
  const message = explain(traitsOf(cause))
  return message === undefined ? undefined : new RevocadeError('ERR_CONFIG', message, { cause })
}

/** The flags of Node.js that allow what its permission model has denied, by what an error calls it. */
const FLAGS = new Map([
  ['WorkerThreads', '--allow-worker'],
  ['FileSystemRead', '--allow-fs-read'],
  ['FileSystemWrite', '--allow-fs-write'],
])

function explain({ code, message, permission, resource }: Traits): string | undefined {
  switch (code) {
    case 'ERR_DLOPEN_FAILED':
      return `the native module of better-sqlite3 does not fit ${here()} (${firstLine(message)}): ${BUILD}`
    case 'ERR_DLOPEN_DISABLED':
      return withFlag('--allow-addons')
    case 'ERR_ACCESS_DENIED':
      return withFlag(`${FLAGS.get(permission) ?? permission}${resource === '' ? '' : `=${resource}`}`)
    case 'MODULE_NOT_FOUND':
    case 'ERR_MODULE_NOT_FOUND':
    case 'ERR_INVALID_URL':
      return notFound(message)
    default:
      return unnamed(message)
  }
}

/** Errors without a code. */
function unnamed(message: string): string | undefined {
  // From the package that better-sqlite3 12 finds its native module with.
  if (message.startsWith('Could not locate the bindings file'))
    return `better-sqlite3 has no native module for ${here()}: its install script did not run; ${BUILD}`
  // From Deno.
  if (message.startsWith('Cannot load native addon'))
    return `Deno can load better-sqlite3 13 only (${firstLine(message)}): ${OVERRIDE}`
  return undefined
}

/** Says which flag is missing, and `--allow-worker` with it where that is missing too. */
function withFlag(flag: string): string {
  if (!('permission' in process)) return 'the store needs native modules: start Node.js without --no-addons'
  const flags = process.permission.has('worker') ? [flag] : [...new Set([flag, '--allow-worker'])]
  return (
    `Node's permission model denies the store what it needs: start Node.js with ${flags.join(' and ')}. ` +
    'In all it needs --allow-addons, --allow-worker, and --allow-fs-read and --allow-fs-write for its folder'
  )
}

function notFound(message: string): string {
  return /'(?:better-sqlite3|bindings)/.test(message)
    ? `revocade can't find better-sqlite3 (${firstLine(message)}): install it beside revocade; ` +
        `if revocade was bundled, ${UNBUNDLE}`
    : `the files of revocade's threads are not beside its code (${firstLine(message)}): ${UNBUNDLE}`
}

/** What a native module must fit. */
const here = (): string =>
  `Node.js ${process.versions.node} (ABI ${process.versions.modules}, ${process.platform} ${process.arch})`

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''

function traitsOf(error: unknown): Traits {
  const text = (name: string): string => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : ''
    return typeof value === 'string' ? value : ''
  }
  return {
    code: text('code'),
    message: text('message'),
    permission: text('permission'),
    resource: text('resource'),
  }
}
