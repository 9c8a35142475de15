import type { RefusedRequest } from '../http/refusal.js'

/** What is used of a response of `node:http`. */
export interface HeaderTarget {
  readonly headersSent?: boolean
  setHeader(name: string, value: string): unknown
}

/**
 * The headers are set at once, for error handlers that know nothing of `error.headers`. After an answer has
 * begun this would throw, and nobody would catch it.
 */
export function setHeaders(response: HeaderTarget | undefined, { headers }: RefusedRequest): void {
  if (response?.headersSent === true) return
  for (const [name, value] of Object.entries(headers)) response?.setHeader(name, value)
}
