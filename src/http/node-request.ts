/** What is read of a request of `node:http`, which Express, Koa, Fastify, hapi and Nest build upon. */
export interface NodeRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[]
  /** Its `server` says how many header lines Node.js keeps. */
  readonly socket?: unknown
}

const NAME = 'authorization'

/** Twice the thousand lines that Node.js keeps where a server has no `maxHeadersCount`. */
const KEPT_BY_DEFAULT = 2000
/** No token, and no scheme. */
const UNSEEN = ''

/**
 * The values of the header `Authorization`, one for each line. `headers` has only the first one. Where a
 * middleware has set the header, its value counts.
 *
 * Node.js drops the lines beyond `server.maxHeadersCount`, which is 1000 by default, and says nothing. From
 * that number on there is one value more than it has shown, and at least two: nobody knows how many there
 * were, so that the request is refused.
 */
export function authorizationOf({ headers, rawHeaders = [], socket }: NodeRequest): readonly string[] {
  if (isCut(rawHeaders, socket)) {
    const lines = linesIn(rawHeaders)
    return lines.length === 0 ? [UNSEEN, UNSEEN] : [...lines, UNSEEN]
  }
  if (hasSeveral(rawHeaders)) return linesIn(rawHeaders)
  const value = headers[NAME]
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

function linesIn(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 && isName(name) ? [rawHeaders[i + 1] ?? ''] : []))
}

/** Whether there is more than one line. Every request is asked, so this allocates nothing. */
function hasSeveral(rawHeaders: readonly string[]): boolean {
  let isSeen = false
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!isName(rawHeaders[i] ?? '')) continue
    if (isSeen) return true
    isSeen = true
  }
  return false
}

function isName(name: string): boolean {
  if (name.length !== NAME.length) return false
  return name === 'Authorization' || name === NAME || name.toLowerCase() === NAME
}

/** Whether Node.js may have dropped header lines. It reads the limit of a server in the same way. */
function isCut({ length }: readonly string[], socket: unknown): boolean {
  const { server } = (socket ?? {}) as { readonly server?: { readonly maxHeadersCount?: unknown } | null }
  const count = server?.maxHeadersCount
  const kept = typeof count === 'number' ? count << 1 : KEPT_BY_DEFAULT
  return kept > 0 && length >= kept
}
