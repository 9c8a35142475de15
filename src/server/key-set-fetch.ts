import { hasVerificationKey, isKeySet } from './key-set.js'

/** How long an issuer that gave no key set is left alone, in milliseconds. */
const RETRY_AFTER_MS = 2000
/** Bytes of the longest key set that is read: some hundred keys with their certificates. */
const MAX_BYTES = 1 << 20

/** What `fetch` is to jose. */
type Fetch = (url: string, options: RequestInit) => Promise<Response>

/** A key set that could not be had. The message holds nothing of the URL or of the answer. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError'
  /** No fault of a token: see `isFaultOfToken`. */
  readonly statusCode = 503
}

/**
 * A `fetch` for key sets. It fails for what is no key set, and after a failure it does not ask again for a
 * while: everybody gets the same error until then. So clients can't have the issuer asked by asking us.
 */
export function keySetFetch(): Fetch {
  let failed: { readonly error: unknown; readonly until: number } | undefined
  return async (url, options) => {
    if (failed !== undefined && performance.now() < failed.until) throw failed.error
    try {
      const text = await keySetAt(url, options)
      failed = undefined
      return new Response(text)
    } catch (error) {
      failed = { error, until: performance.now() + RETRY_AFTER_MS }
      throw error
    }
  }
}

async function keySetAt(url: string, options: RequestInit): Promise<string> {
  const response = await fetch(url, options)
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new KeySetError(`the answer has status ${response.status}, and not 200`)
  }
  const text = await textOf(response)
  const keySet = parsed(text)
  if (!isKeySet(keySet)) throw new KeySetError('the answer is not a JSON Web Key Set')
  if (!hasVerificationKey(keySet)) throw new KeySetError('the key set has no key for signatures')
  return text
}

/** The body, decompressed. An answer without an end must not fill the memory. */
async function textOf(response: Response): Promise<string> {
  const body: AsyncIterable<Uint8Array> | null = response.body
  const chunks: Uint8Array[] = []
  let bytes = 0
  // To end the loop early cancels the body.
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new KeySetError(`the answer has more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // The message of JSON.parse would quote the answer.
  }
}
