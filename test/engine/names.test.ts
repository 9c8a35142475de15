import { createRevocade, type Revocade, type Token } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ourError } from '../support/errors.js'
import { nowSeconds } from '../support/time.js'

const expiresAt = nowSeconds() + 3600
const A = { iss: 'https://a.example', jti: 'x', sub: '7' }
const B = { iss: 'https://b.example', jti: 'x', sub: '7' }
const BARE = { jti: 'x', sub: '7' }

let engine: Revocade
beforeEach(async () => {
  engine = await createRevocade({ store: new MemoryStore() })
})
afterEach(() => engine.close())

const revoked = (...tokens: Token[]): Promise<boolean[]> =>
  Promise.all(tokens.map((token) => engine.isRevoked(token)))

describe('an id without issuer', () => {
  it('is that id of any issuer in revokeMany, until it is un-revoked', async () => {
    await engine.revokeMany([{ jti: 'x', expiresAt }])
    await expect(revoked(A, B, BARE, { ...A, jti: 'y' })).resolves.toEqual([true, true, true, false])
    await expect(engine.unrevoke(A)).resolves.toMatchObject({ outcome: 'unchanged' })
    await expect(engine.unrevoke(BARE)).resolves.toMatchObject({ outcome: 'unrevoked' })
    await expect(revoked(A, B, BARE)).resolves.toEqual([false, false, false])
  })

  it('is the token without issuer where claims are passed', async () => {
    await engine.revoke(BARE, { expiresAt })
    await expect(revoked(A, BARE)).resolves.toEqual([false, true])
    await engine.revokeMany([{ jti: 'x', expiresAt }])
    await engine.unrevoke(BARE)
    await expect(revoked(A, BARE)).resolves.toEqual([false, false])
  })

  it('needs no place in the option claims', async () => {
    await engine.revokeWhere({ jti: 'x' }, { expiresAt, issuedBefore: 'ever' })
    await expect(revoked(A, B)).resolves.toEqual([true, true])
    expect(engine.stats().selectors).toMatchObject({ live: [['jti']], notHonoured: [] })
  })
})

describe('a receipt', () => {
  it('notes that an encrypted token is revoked as a string', async () => {
    const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')
    for (const sealed of [`${header}..aXY.Y2lwaGVy.dGFn`, 'v4.local.AAAA', `v4.public.${'A'.repeat(100)}`])
      expect((await engine.revoke(sealed, { expiresAt })).note).toContain('revoke the claims')
    expect(await engine.revoke(A, { expiresAt })).not.toHaveProperty('note')
  })

  it('notes a selector without issuer once tokens of several issuers were checked', async () => {
    const noteOf = async (): Promise<string | undefined> =>
      (await engine.revokeWhere({ sub: '7' }, { expiresAt })).note
    await engine.isRevoked(A)
    expect(await noteOf()).toBeUndefined()
    await engine.isRevoked(B)
    expect(await noteOf()).toContain("['iss', 'sub']")
  })
})

describe('a check of selectors only', () => {
  it.each([
    ['{ header, payload, token }', { header: {}, payload: { sub: '7' }, token: 'x' }, '.payload'],
    ['{ claims }', { claims: { sub: '7' } }, '.claims'],
    ['{ content }', { content: { sub: '7' } }, '.content'],
    ['an object without any claim of a selector', { scope: 'read' }, 'nothing can be looked up'],
  ])('refuses %s', async (_name, token, advice) => {
    await engine.revokeWhere({ sub: '7' }, { expiresAt })
    await expect(engine.isRevoked(token, { selectorsOnly: true })).rejects.toThrow(
      ourError('ERR_TOKEN_NOT_IDENTIFIABLE', advice),
    )
  })

  it('takes claims with one of the configured selectors', async () => {
    const claims = { sub: '7' }
    await expect(engine.isRevoked(claims, { selectorsOnly: true })).resolves.toBe(false)
  })
})

it('a value that holds a token is not stored, however it is wrapped', async () => {
  const jwt = 'eyJhbGciOiJub25lIn0.e30.c2ln'
  const jwe = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.QUJD.AAAA'
  const sealed = `v4.local.${'A'.repeat(86)}`
  const wraps: ((token: string) => string)[] = [
    (token) => `JWT ${token}`,
    (token) => `DPoP ${token}`,
    (token) => `Authorization: Bearer ${token}`,
    (token) => `token=${token}`,
    (token) => `user1:${token}`,
    (token) => encodeURIComponent(`Bearer ${token}`),
    (token) => `https://app.example/#${token.replaceAll('.', '%2E')}`,
  ]
  for (const token of [jwt, jwe, sealed])
    for (const wrap of wraps) {
      const value = wrap(token)
      const calls = [
        () => engine.revoke({ jti: value }, { expiresAt }),
        () => engine.revoke({ jti: 'x', iss: value }, { expiresAt }),
        () => engine.revokeMany([{ jti: value, expiresAt }]),
        () => engine.revokeWhere({ sub: value }, { expiresAt }),
      ]
      for (const call of calls)
        await expect(call()).rejects.toEqual(ourError('ERR_INVALID_TOKEN', 'holds a whole token'))
    }
  expect(engine.stats().store.seq).toBe(0)
  // A revocation of an earlier version can be taken back.
  await expect(engine.unrevoke({ jti: `JWT ${jwt}` })).resolves.toMatchObject({ outcome: 'unchanged' })
})

it('a whole token in the place of a claim is refused by every way to revoke', async () => {
  const jwt = 'eyJhbGciOiJub25lIn0.e30.c2ln'
  const calls = [
    () => engine.revoke({ jti: jwt }, { expiresAt }),
    () => engine.revokeMany([{ jti: jwt, expiresAt }]),
    () => engine.revokeMany([{ jti: `Bearer ${jwt}`, iss: 'i', expiresAt }]),
    () => engine.revokeWhere({ sub: 'v4.local.AAAA' }, { expiresAt }),
  ]
  for (const call of calls) {
    const error: unknown = await call().catch((thrown: unknown) => thrown)
    expect(error).toEqual(ourError('ERR_INVALID_TOKEN', 'whole token'))
    expect(String(error)).not.toContain('eyJ')
  }
  expect(engine.stats().store.seq).toBe(0)
})
