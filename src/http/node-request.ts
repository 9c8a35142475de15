/** What is read of a request of `node:http`, which Express, Koa, Fastify, hapi and Nest build upon. */
export interface NodeRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Names and values in turn, as they came. */
  readonly rawHeaders?: readonly string[]
}

const NAME = 'authorization'

/**
 * The values of the header `Authorization`, one for each line. `headers` has only the first one. Where a
 * middleware has set the header, its value counts.
 */
export function authorizationOf({ headers, rawHeaders = [] }: NodeRequest): readonly string[] {
  let lines: string[] | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === NAME.length && name.toLowerCase() === NAME)
      (lines ??= []).push(rawHeaders[i + 1] ?? '')
  }
  if (lines !== undefined && lines.length > 1) return lines
  const value = headers[NAME]
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
