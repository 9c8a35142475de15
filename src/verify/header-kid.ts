/** The `kid` in the header of a JWT; undefined when it has none. */
export function headerKid(token: string): string | undefined {
  const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
  if (typeof header !== 'object' || header === null || !('kid' in header)) return undefined
  return typeof header.kid === 'string' ? header.kid : undefined
}
