import { createRevocade, type Revocade, type Token } from 'revocade'
import { MemoryStore } from 'revocade/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { internalsOf } from '#dist/engine/internals.js'
import { digestBytes } from '#dist/token/identify.js'
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
  it('notes that a refresh token of revocade/sessions goes on', async () => {
    const receipt = await engine.revoke(`rt_${'a'.repeat(92)}`, { expiresAt })
    expect(receipt.note).toContain('sessions.revoke({ refreshToken })')
    expect(await engine.revoke(`rt_${'a'.repeat(91)}`, { expiresAt })).not.toHaveProperty('note')
  })

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

describe('a token in the place of a claim', () => {
  const jwt = 'eyJhbGciOiJub25lIn0.e30.c2ln'
  const jwe = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAA.QUJD.AAAA'
  const sealed = `v4.local.${'A'.repeat(86)}`

  it.each<[string, (token: string) => string]>([
    ['alone', (token) => token],
    ['JWT', (token) => `JWT ${token}`],
    ['DPoP', (token) => `DPoP ${token}`],
    ['a whole header', (token) => `Authorization: Bearer ${token}`],
    ['a parameter', (token) => `token=${token}`],
    ['a prefix of a key', (token) => `user1:${token}`],
    ['an encoded header', (token) => encodeURIComponent(`Bearer ${token}`)],
    ['encoded dots', (token) => `https://app.example/#${token.replaceAll('.', '%2E')}`],
  ])('is refused by every way to revoke: %s', async (_, wrap) => {
    for (const token of [jwt, jwe, sealed]) {
      const value = wrap(token)
      const calls = [
        () => engine.revoke({ jti: value }, { expiresAt }),
        () => engine.revoke({ jti: 'x', iss: value }, { expiresAt }),
        () => engine.revokeMany([{ jti: value, expiresAt }]),
        () => engine.revokeMany([{ jti: 'x', iss: value, expiresAt }]),
        () => engine.revokeMany([{ where: { sub: value }, issuedBefore: 'ever', expiresAt }]),
        () => engine.revokeWhere({ sub: value }, { expiresAt }),
      ]
      for (const call of calls) {
        const error: unknown = await call().catch((thrown: unknown) => thrown)
        expect(error).toEqual(ourError('ERR_INVALID_TOKEN', 'holds a whole token'))
        expect(String(error)).not.toContain(token)
      }
    }
    expect(engine.stats().store.seq).toBe(0)
  })

  it('is refused as the name of a claim', async () => {
    const odd = await createRevocade({ store: new MemoryStore(), claims: [`/${jwt}`] })
    await expect(odd.revokeWhere({ [`/${jwt}`]: 1 }, { expiresAt })).rejects.toEqual(
      ourError('ERR_INVALID_TOKEN', 'holds a whole token'),
    )
    await odd.close()
  })

  it('is refused by revoke in a string that can be no bearer token, and checks do not throw', async () => {
    const strings = [`token=${jwt}`, `user1:${jwt}`, `DPoP%20${jwt}`, `token=${sealed}`]
    for (const wrapped of strings) {
      const calls = [
        () => engine.revoke(wrapped, { expiresAt }),
        () => engine.revokeMany([{ token: wrapped, expiresAt }]),
      ]
      for (const call of calls) {
        const error: unknown = await call().catch((thrown: unknown) => thrown)
        expect(error).toEqual(ourError('ERR_INVALID_TOKEN', 'a whole token within this string'))
        expect(String(error)).not.toContain(jwt)
      }
      await expect(revoked(wrapped)).resolves.toEqual([false])
      await expect(engine.unrevoke(wrapped)).resolves.toMatchObject({ outcome: 'unchanged' })
    }
    expect(engine.stats().store.seq).toBe(0)
  })

  it('is revoked within a key as the key is, with a note', async () => {
    const key = `key_${jwt}`
    const { note } = await engine.revoke(key, { expiresAt })
    expect(note).toContain('if checks are given that, revoke it')
    await expect(revoked(key, jwt)).resolves.toEqual([true, false])
    for (const plain of ['key_7f2c', 'a=b', jwe])
      expect((await engine.revoke(plain, { expiresAt })).note ?? '').not.toContain('within this string')
  })

  it('that an earlier version has stored is found and taken back', async () => {
    const target = { kind: 'id', claim: 'jti', id: `JWT ${jwt}` } as const
    const { layers } = internalsOf(engine, 'a test')
    const digest = digestBytes(layers.digester.targets.target(target))
    const revokedAt = Date.now()
    await layers.commits.revoke([{ op: 'revoke', digest, target, expiresAt, revokedAt }])
    await expect(revoked({ jti: target.id })).resolves.toEqual([true])
    await expect(engine.unrevoke({ jti: target.id })).resolves.toMatchObject({ outcome: 'unrevoked' })
  })
})

it('a reason and an actor are stored without the tokens in them', async () => {
  const jwt = 'eyJhbGciOiJub25lIn0.e30.c2ln'
  const given = { expiresAt, reason: `leaked: ${jwt} in a log`, actor: `DPoP ${jwt}` }
  const stored = { reason: 'leaked: <token> in a log', actor: 'DPoP <token>' }
  await engine.revoke({ jti: '1' }, given)
  await engine.revokeWhere({ sub: '1' }, given)
  await engine.revokeMany([{ jti: '2', ...given }])
  const found: unknown[] = []
  for await (const { reason, actor } of engine.list()) found.push({ reason, actor })
  expect(found).toEqual([stored, stored, stored])
})
