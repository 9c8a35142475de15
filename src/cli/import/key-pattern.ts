import { CliError } from '../errors.js'

/** What a pattern says of the names of keys. */
export interface KeyPattern {
  /** As Redis takes it. */
  readonly match: string
  /** Whether anything stands around the star. */
  readonly isNarrow: boolean
  /** What stands in the place of the star; undefined if the name is not UTF-8. */
  readonly heldBy: (name: Buffer) => string | undefined
}

/**
 * Reads the pattern of `--from-redis`: a name in which one star stands for a token, an id or a hash.
 *
 * @throws {CliError} ERR_USAGE when it has no star, several, or other special characters
 */
export function readKeyPattern(match: string): KeyPattern {
  const parts = match.split('*')
  if (parts.length !== 2 || /[?[\]\\^]/.test(match)) {
    throw new CliError(
      'ERR_USAGE',
      "--from-redis needs a pattern with one star, such as 'blacklist:*', and no other special character",
    )
  }
  const [before = '', after = ''] = parts
  const [head, tail] = [Buffer.byteLength(before), Buffer.byteLength(after)]
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return {
    match,
    isNarrow: head + tail > 0,
    heldBy: (name) => {
      try {
        return decoder.decode(name.subarray(head, name.length - tail))
      } catch {
        return undefined
      }
    },
  }
}
