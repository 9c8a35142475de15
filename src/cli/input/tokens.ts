import { createReadStream } from 'node:fs'
import type { TokenClaims } from '../../api.js'
import { type Line, readLines } from '../../read-lines.js'
import { CliError, isSystemError, systemReason } from '../errors.js'

/** Where tokens come from: one argument, or lines of a file or of stdin. */
export type TokenSource =
  | { readonly kind: 'one'; readonly token: string | TokenClaims }
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<Line[]> }

/** The help text of a token argument. */
export const TOKEN_HELP =
  'a token, - for lines of stdin, or @FILE for lines of a file ' +
  '(arguments are visible in ps: prefer - for live tokens)'

const NO_TOKEN = 'these are claims as JSON, not a token'

/** The source that an argument or `--claims-json` names; undefined without both. */
export function tokenSource(
  argument: string | undefined,
  claimsJson: string | undefined,
): TokenSource | undefined {
  if (argument !== undefined && claimsJson !== undefined)
    throw new CliError('ERR_USAGE', 'give a token or --claims-json, not both')
  if (claimsJson !== undefined) return { kind: 'one', token: parseClaimsJson(claimsJson) }
  if (argument === undefined) return undefined
  if (argument === '-') return { kind: 'lines', lines: filledLines(process.stdin) }
  if (argument.startsWith('@')) return { kind: 'lines', lines: filledLines(openFile(argument.slice(1))) }
  const token = bare(argument)
  if (isClaims(token)) throw new CliError('ERR_USAGE', `${NO_TOKEN}: give them with --claims-json`)
  return { kind: 'one', token }
}

/**
 * Reads a file in chunks.
 *
 * @throws {CliError} ERR_FILE, with the path, when it can't be read
 */
export async function* openFile(path: string): AsyncGenerator<Uint8Array, void, void> {
  try {
    // 256 KiB chunks cost a quarter of the promises of the default 64 KiB.
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) yield chunk
  } catch (error) {
    if (isSystemError(error))
      throw new CliError('ERR_FILE', `can't read ${path}: ${systemReason(error)}`, { cause: error })
    throw error
  }
}

/**
 * Removes the scheme of an Authorization header: a token hashed together with `Bearer` would match nothing.
 */
export function bare(token: string): string {
  return token.trim().replace(/^Bearer\s+/i, '')
}

/**
 * Whether a text is a JSON object. Taken for an opaque token, claims would match nothing and pass for active.
 */
function isClaims(text: string): boolean {
  if (!text.startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Reads the lines that hold something.
 *
 * @throws {CliError} ERR_USAGE when no line does: an empty variable must not pass for an active token
 */
async function* filledLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line[], void, void> {
  let empty = true
  for await (const lines of readLines(source)) {
    const filled = lines
      .map((line) => ('text' in line ? tokenOf(line.number, line.text) : line))
      .filter((line) => !('text' in line) || line.text !== '')
    if (filled.length === 0) continue
    empty = false
    yield filled
  }
  if (empty) throw new CliError('ERR_USAGE', 'there is no token in the input: make sure that it is not empty')
}

function tokenOf(number: number, line: string): Line {
  const text = bare(line)
  return isClaims(text) ? { number, problem: NO_TOKEN } : { number, text }
}

function parseClaimsJson(text: string): TokenClaims {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new CliError(
      'ERR_USAGE',
      `--claims-json is not valid JSON. Quote it: --claims-json '{"jti":"7f2c"}'`,
    )
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError('ERR_USAGE', '--claims-json must be a JSON object of claims')
  }
  return { ...value }
}
