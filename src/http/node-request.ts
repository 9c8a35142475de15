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
  const lines = linesIn(rawHeaders)
  if (isCut(rawHeaders, socket)) return [...(lines ?? [UNSEEN]), UNSEEN]
  if (lines !== undefined && lines.length > 1) return lines
  const value = headers[NAME]
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

function linesIn(rawHeaders: readonly string[]): readonly string[] | undefined {
  let lines: string[] | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === NAME.length && name.toLowerCase() === NAME)
      (lines ??= []).push(rawHeaders[i + 1] ?? '')
  }
  return lines
}

/** Whether Node.js may have dropped header lines. It reads the limit of a server in the same way. */
function isCut({ length }: readonly string[], socket: unknown): boolean {
  const { server } = (socket ?? {}) as { readonly server?: { readonly maxHeadersCount?: unknown } | null }
  const count = server?.maxHeadersCount
  const kept = typeof count === 'number' ? count << 1 : KEPT_BY_DEFAULT
  return kept > 0 && length >= kept
}
