import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request comes from a page of this server. Browsers say so in `Sec-Fetch-Site`, which no script
 * can change; `none` is a person who reloads. They leave it out over plain HTTP between machines: there
 * `Origin` must have the host that was asked.
 */
export function isSameOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
