import { inSeconds } from '../support/time.js'

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** One of each kind of target, with everything that a line can say. */
export function everyKind(): object[] {
  const expiresAt = iso(inSeconds(3600))
  const revokedAt = '2026-01-02T03:04:05.678Z'
  return [
    { jti: 'a', expiresAt, revokedAt },
    {
      jti: 'a',
      iss: 'https://i',
      expiresAt,
      reason: 'comma, "quote"\nand line\r\nend',
      actor: "=cmd|' /C calc'!A0",
      revokedAt,
    },
    { jti: 5, iss: 'https://i', expiresAt, revokedAt },
    { jti: ' padded ', notBefore: '2026-01-03T03:04:05.678Z', expiresAt, revokedAt },
    { idClaim: 'uti', id: 'u-1', iss: 'https://i', expiresAt, revokedAt },
    { idClaim: 'uti', id: 7, expiresAt, revokedAt },
    {
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      expiresAt,
      reason: 'ünïcödé 🔑',
      revokedAt,
    },
    {
      where: { sub: 'alice' },
      issuedBefore: '2026-01-02T00:00:00.500Z',
      sameSecond: 'revoke',
      expiresAt,
      revokedAt,
    },
    {
      where: { client_id: 'web', sub: 'bob' },
      issuedBefore: '2026-01-02T00:00:00.000Z',
      sameSecond: 'keep',
      expiresAt,
      revokedAt,
    },
    { where: { sid: 'ended' }, issuedBefore: 'ever', expiresAt, revokedAt },
    { where: {}, issuedBefore: '2026-01-02T00:00:00.500Z', sameSecond: 'revoke', expiresAt, revokedAt },
    {
      where: { tenant: 12 },
      issuedBefore: '2026-01-02T00:00:00.999Z',
      sameSecond: 'keep',
      expiresAt,
      actor: 'ops',
      revokedAt,
    },
  ]
}
