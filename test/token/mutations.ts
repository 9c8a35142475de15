/** Other spellings of a token that some verifier may take for the same one. */

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The order of the group of P-256 (FIPS 186-5): with (r, s), (r, n - s) is a valid signature too. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

const SPACES = [' ', '\t', '\n', '\r', '\r\n', '\f', '\v', '\u00a0', '\u2003', '\ufeff']

export interface Mutation {
  /** What was done, such as `unused bits` or `padding`. */
  readonly kind: string
  readonly token: string
}

/** Mutations of each segment of a compact JWT or JWE, and around it. */
export function mutations(token: string): Mutation[] {
  const segments = token.split('.')
  const found: Mutation[] = []
  const put = (kind: string, index: number, segment: string) => {
    if (segment !== segments[index]) found.push({ kind, token: segments.with(index, segment).join('.') })
  }
  segments.forEach((segment, index) => {
    const where = index === segments.length - 1 ? 'last segment' : `segment ${index}`
    for (const last of BASE64URL) put(`unused bits in ${where}`, index, segment.slice(0, -1) + last)
    for (const padding of ['=', '==', '===']) put(`padding of ${where}`, index, segment + padding)
    for (const space of SPACES) {
      put(`space before ${where}`, index, space + segment)
      put(`space after ${where}`, index, segment + space)
      put(`space in ${where}`, index, segment.slice(0, 7) + space + segment.slice(7))
    }
    put(`plain base64 in ${where}`, index, segment.replaceAll('-', '+').replaceAll('_', '/'))
    put(`repeated ${where}`, index, `${segment}.${segment}`)
  })
  return [...found, { kind: 'trailing dot', token: `${token}.` }, { kind: 'leading dot', token: `.${token}` }]
}

/** The ES256 token with the other s. */
export function otherS(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const other = Buffer.from((P256_ORDER - s).toString(16).padStart(64, '0'), 'hex')
  return `${header}.${payload}.${Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url')}`
}
