/** Bytes of the signature at the end of a signed payload, by version. */
const SIGNATURE_BYTES: Readonly<Record<string, number>> = { v1: 256, v2: 64, v3: 96, v4: 64 }

const START = /^v[1-4]\.(?:local|public)\./

/** Whether a string starts as a PASETO of version 1 to 4 does. */
export function isPaseto(token: string): boolean {
  return START.test(token)
}

/**
 * The one spelling of a PASETO: its decoded bytes in unpadded base64url. The signature of a `public` token is
 * left out, because it can have several valid values. The footer is authenticated, so it belongs to it.
 *
 * @param token one for which {@link isPaseto} is true
 * @returns undefined when it can't be decoded
 */
export function canonicalPaseto(token: string): string | undefined {
  const [version = '', purpose = '', payload = '', footer = '', ...more] = token.split('.')
  const bytes = decode(payload)
  const footerBytes = decode(footer)
  if (bytes === undefined || footerBytes === undefined || more.length > 0) return undefined
  const signature = purpose === 'public' ? (SIGNATURE_BYTES[version] ?? 0) : 0
  if (bytes.length <= signature) return undefined
  const kept = bytes.subarray(0, bytes.length - signature)
  const end = footerBytes.length === 0 ? '' : `.${footerBytes.toString('base64url')}`
  return `${version}.${purpose}.${kept.toString('base64url')}${end}`
}

/** Padding elsewhere than at the end is refused: decoders disagree about what follows it. */
function decode(segment: string): Buffer | undefined {
  return /^[\w+/-]*=*$/.test(segment) ? Buffer.from(segment, 'base64') : undefined
}
