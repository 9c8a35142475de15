import type { Digest, StoredRow, Target } from '../ports/index.js'
import { digestBytes, type TokenDigester } from '../token/identify.js'
import { withoutTokens } from '../token/token-in-text.js'
import { markWrites } from './marks.js'
import type { Write } from './write.js'

/**
 * Notes who takes a revocation back: by a mark, made in the same commit. A tombstone keeps who revoked, and
 * has no place for another name. See decision 41.
 *
 * @param row - the revocation
 * @param revokedAt - that of the tombstone, by which the two are known to belong together. Milliseconds since
 *   1970
 */
export function takenBackMark(
  digester: TokenDigester,
  { target, expiresAt }: StoredRow,
  { actor, revokedAt }: { readonly actor: string; readonly revokedAt: number },
): Write[] {
  const given = { actor: withoutTokens(actor), revokedAt, expiresAt }
  return markWrites(takenBackDigest(digester, target), given)
}

/** The digest of the mark: one for each target, which moves with each of its tombstones. */
export function takenBackDigest({ targets }: TokenDigester, target: Target): Digest {
  const name = Buffer.from(digestBytes(targets.target(target))).toString('hex')
  return targets.mark(['taken-back', name], {}).slice()
}
