import { isIP } from 'node:net'
import { optionError } from '../validate.js'

/** Where a listener listens. */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Reads `host:port`; an IPv6 address stands in brackets.
 *
 * @throws {RevocadeError} ERR_CONFIG when it is something else
 */
export function readAddress(value: unknown, option: string): Address {
  const match = typeof value === 'string' ? /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(value) : null
  const [, ipv6, name, digits] = match ?? []
  const host = ipv6 ?? name
  const port = Number(digits)
  if (host === undefined || port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6))
    throw optionError(option, "must be 'host:port', such as '127.0.0.1:8521' or '[::1]:8521'")
  return { host, port }
}

/** Whether only programs of this machine reach what listens there. */
export function isLoopback({ host }: Address): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/** An address as it stands in a URL. */
export function shownAddress({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
