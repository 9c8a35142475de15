import { isNativeError } from 'node:util/types'

/**
 * The longest line that is searched, in characters. An attacker may write it, and the patterns take time with
 * its square: some milliseconds for this length.
 */
const MAX = 1024

/** Schemes of servers, for which the slashes may be missing: `redis:user:password@host`. */
const SERVERS = 'rediss?|valkeys?|redis\\+\\w+|unix|postgres(?:ql)?|mysql|mariadb|mongodb|amqps?'

/** What replaces a secret, and the pattern that finds it. Each pattern ends at the end of a line. */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // JWTs: the base64url of `{"`, or of a brace and white space. And PASETOs.
  [/e(?:yJ|yA|w[ko0])[\w-]{5,}\.[\w-]+(\.[\w-]*)*/g, '<token>'],
  [/\bv[1-4]\.(?:local|public)\.[\w-]+(\.[\w-]*)*/g, '<token>'],
  // User and password of a URL: up to the last @ of the line, because a password may hold an unencoded one.
  // One slash is enough: URLs turned into paths have only one. The form in our own messages stays, and so do
  // URLs without a host, which have no user.
  [
    new RegExp(
      `\\b(?!(?:file|unix|redis\\+\\w{1,8}):///)` +
        `(?:([a-z][a-z\\d+.-]{1,20}):/{1,3}|(${SERVERS}):(?=[^\\s/]))` +
        `(?!/*\\[user:password@\\])[^\\n]{0,${MAX}}(?:@|%40)`,
      'gi',
    ),
    '$1$2://<secret>@',
  ],
  // The same without a scheme: `user:password@host`, `:password@host`.
  [
    new RegExp(`(?<![^\\s'"=(,/])[^\\s'"/\\\\:@]{0,256}:(?![/\\\\])[^\\s'"\\\\]{1,${MAX}}@(?=[\\w[])`, 'g'),
    '<secret>@',
  ],
  // A whole URL that is percent-encoded.
  [
    new RegExp(`\\b([a-z][a-z\\d+.-]{1,20})%3A(?:%2F){1,3}[^\\n]{0,${MAX}}%40`, 'gi'),
    '$1%3A%2F%2F<secret>%40',
  ],
  // Parameters: `?password=…`, `sentinelPassword=…`.
  [/\b(\w{0,32}(?:passw(?:or)?d|pwd|secret|token|api_?key)\w{0,32})=[^\s&'"]+/gi, '$1=<secret>'],
]

/**
 * Removes what looks like a secret from a text that people will read: tokens, and the credentials of URLs.
 * Typed in the wrong place, they must not reach a log in an error message. Of a line of more than 1,024
 * characters only the beginning is left, up to the end of a word.
 */
export function redact(text: string): string {
  return text.split('\n').map(redactLine).join('\n')
}

function redactLine(line: string): string {
  return RULES.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    shortened(line),
  )
}

/** A word that is cut might be a secret that is not recognised any more. */
function shortened(line: string): string {
  if (line.length <= MAX) return line
  return `${/^.*\s/.exec(line.slice(0, MAX))?.[0] ?? ''}…`
}

/**
 * Removes secrets from what is thrown or logged: from a text, and from the message of an error and of its
 * causes.
 *
 * @returns the same value if there is nothing to remove; else a copy with the same `name` and `code`
 */
export function redactValue(value: unknown): unknown {
  if (typeof value === 'string') return redact(value)
  return isNativeError(value) ? redactError(value, 0) : value
}

/**
 * The error and its causes without their properties, which may hold a token or its claims: `name`, `code`,
 * stack and message, without secrets. Undefined for what is no error.
 */
export function bareError(value: unknown, depth = 0): Error | undefined {
  if (!isNativeError(value)) return undefined
  return copyOf(value, redact(value.message), depth < 10 ? bareError(value.cause, depth + 1) : undefined)
}

/** Causes may form a circle: the tenth is the last. */
function redactError(error: Error, depth: number): Error {
  const message = redact(error.message)
  const { cause: given } = error
  const cause = isNativeError(given) && depth < 10 ? redactError(given, depth + 1) : given
  return message === error.message && cause === error.cause ? error : copyOf(error, message, cause)
}

function copyOf(error: Error, message: string, cause: unknown): Error {
  const copy = new Error(message, cause === undefined ? undefined : { cause })
  Object.defineProperty(copy, 'name', { value: error.name, configurable: true, writable: true })
  if (error.stack !== undefined) copy.stack = error.stack.split(error.message).join(message)
  return 'code' in error ? Object.assign(copy, { code: error.code }) : copy
}
