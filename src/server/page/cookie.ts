import type { IncomingHttpHeaders } from 'node:http'

/** The name of the cookie over plain HTTP. */
const PLAIN = 'revocade-page'
/** Over TLS. With this prefix, only this host can have set it (RFC 6265bis, section 4.1.3.2). */
const SECURE = `__Host-${PLAIN}`

/** The id of a login in a request; undefined where there is none. */
export function readCookie(headers: IncomingHttpHeaders): string | undefined {
  const name = nameFor(headers)
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([key]) => key === name)?.[1]
}

/** The header `Set-Cookie` with the id of a login. It ends with the browser, or earlier by the server. */
export const writeCookie = (headers: IncomingHttpHeaders, id: string): string =>
  `${nameFor(headers)}=${id}; ${attributesFor(headers)}`

/** The header `Set-Cookie` that deletes it. */
export const clearCookie = (headers: IncomingHttpHeaders): string =>
  `${nameFor(headers)}=; ${attributesFor(headers)}; Max-Age=0`

/** The server has no TLS: a proxy in front has it, and says so. Of several values, the first counts. */
const isSecure = (headers: IncomingHttpHeaders): boolean =>
  /^\s*https\s*(?:,|$)/i.test(String(headers['x-forwarded-proto'] ?? ''))

const nameFor = (headers: IncomingHttpHeaders): string => (isSecure(headers) ? SECURE : PLAIN)

const attributesFor = (headers: IncomingHttpHeaders): string =>
  `Path=/; HttpOnly; SameSite=Strict${isSecure(headers) ? '; Secure' : ''}`
