import { type Answer, authorizationOf, type ForwardAuthRequest } from '../http/index.js'

/** A function that answers a proxy's question, as `createForwardAuth` makes it. */
export type Ask = (request: ForwardAuthRequest) => Answer | Promise<Answer> | undefined

/** Where tokens are, beside the header `Authorization`. */
export interface TokenSources {
  /** Name of a header, in lower case. */
  readonly header: string | undefined
  /** Name of a cookie. */
  readonly cookie: string | undefined
}

/**
 * Headers of a request whose lines Node.js does not join with a comma. Of all but the last two it keeps the
 * first line only (`message.headers` in the documentation of `node:http`).
 */
export const NOT_JOINED: ReadonlySet<string> = new Set([
  'age',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
  'set-cookie',
  'cookie',
])

/**
 * Asks for every token that a request has: one that is refused refuses the request. A token of another place
 * is asked for as if it stood in the header `Authorization`, so that what is not spelt as a token is refused:
 * the program behind may read something else in it.
 */
export function withSources(ask: Ask, sources: TokenSources): Ask {
  if (sources.header === undefined && sources.cookie === undefined) return ask
  return (request) => {
    const tokens = tokensOf(request, sources)
    const requests: ForwardAuthRequest[] = tokens.map((token) => ({
      url: request.url,
      headers: { authorization: `Bearer ${token}` },
    }))
    if (tokens.length === 0 || authorizationOf(request).length > 0) requests.unshift(request)
    return askAll(ask, requests)
  }
}

/** The first refusal, else the first answer. */
function askAll(
  ask: Ask,
  [request, ...rest]: readonly ForwardAuthRequest[],
): Answer | Promise<Answer> | undefined {
  if (request === undefined) return undefined
  const answer = ask(request)
  if (rest.length === 0 || answer === undefined) return answer
  return Promise.resolve(answer).then(async (first) => {
    if (first.status !== 200) return first
    const others = await askAll(ask, rest)
    return others === undefined || others.status === 200 ? first : others
  })
}

function tokensOf({ headers }: ForwardAuthRequest, { header, cookie }: TokenSources): readonly string[] {
  const tokens: string[] = []
  const value = header === undefined ? undefined : headers[header]
  if (typeof value === 'string') tokens.push(value)
  const cookies = headers.cookie
  if (cookie === undefined || typeof cookies !== 'string') return tokens
  for (const pair of cookies.split(';')) tokens.push(...valuesIn(pair, cookie))
  return tokens
}

/**
 * The value of a cookie. Some proxies join two lines of the header with a comma, and send the client's two
 * lines to the upstream: what follows a comma may be a cookie too.
 */
function valuesIn(pair: string, cookie: string): readonly string[] {
  const parts = pair.split(',')
  const at = parts.findIndex((part) => part.split('=', 1)[0]?.trim() === cookie)
  if (at < 0) return []
  const [, ...value] = parts.slice(at).join(',').split('=')
  return [value.join('=').trim()]
}
