import { createRequire } from 'node:module'
import { RevocadeError } from './errors.js'

const load = createRequire(import.meta.url)

/**
 * Loads an optional peer that a module needs as soon as it is loaded itself. A static import would fail
 * before any code runs; `await import()` at the top level would shut out `require()` of this package. The
 * package must offer itself to `require`.
 *
 * @param name - the package
 * @param subpath - what needs it, such as `revocade/limits`
 * @throws {RevocadeError} ERR_CONFIG when it is not installed. What the package itself throws is thrown on
 */
export function requirePeer(name: string, subpath: string): unknown {
  try {
    return load(name)
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND'
    // Of a package that lacks one of its own, the message names that one.
    if (!isMissing || !cause.message.includes(`'${name}'`)) throw cause
    throw new RevocadeError('ERR_CONFIG', `${subpath} needs the package ${name}: npm install ${name}`, {
      cause,
    })
  }
}
