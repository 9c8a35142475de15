import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createVerifier, type Verifier } from '#dist/server/verifier.js'
import { temporaryDirectory } from '../support/temp.js'

/** Milliseconds for which an unknown key is not fetched again. */
const COOLDOWN_MS = 5000

interface Key {
  readonly jwk: JWK
  readonly sign: (kid?: string) => Promise<string>
}

async function makeKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const sign = (key: KeyObject, named: string | undefined): Promise<string> =>
    new SignJWT({ sub: 'user-1', jti: 'a', exp: Math.floor(Date.now() / 1000) + 3600 })
      .setProtectedHeader({ alg: 'ES256', ...(named === undefined ? {} : { kid: named }) })
      .sign(key)
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' },
    sign: (named) => sign(privateKey, named),
  }
}

const [old, next, foreign] = await Promise.all(['old', 'next', 'foreign'].map(makeKey))
if (old === undefined || next === undefined || foreign === undefined) throw new Error('there are no keys')

let published: readonly JWK[] = []
let asked = 0
const issuer = createServer((_, response) => {
  asked++
  response.end(JSON.stringify({ keys: published }))
})
beforeAll(() => new Promise<void>((resolve) => void issuer.listen(0, '127.0.0.1', resolve)))
afterAll(() => void issuer.close())
afterEach(() => void vi.useRealTimers())

const ignore = (): void => undefined
const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

const verifierOf = (jwks: string): Promise<Verifier> =>
  createVerifier({ key: { jwks }, issuer: undefined, audience: undefined, algorithms: undefined }, 0, logger)

const remote = (): Promise<Verifier> =>
  verifierOf(`http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`)

describe('a key that is not in the key set', () => {
  it('says nothing of the token, until the key set was fetched after it came', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    ;[published, asked] = [[old.jwk], 0]
    const verifier = await remote()
    await verifier.verify(await old.sign('old'))
    published = [old.jwk, next.jwk]
    for (const token of [await next.sign('next'), await foreign.sign('made up')])
      for (const verify of [verifier.verify, verifier.verifyAnyTime])
        await expect(verify(token)).rejects.toMatchObject({ statusCode: 503 })
    expect(asked).toBe(1)
    vi.setSystemTime(Date.now() + COOLDOWN_MS)
    await expect(verifier.verify(await next.sign('next'))).resolves.toMatchObject({ sub: 'user-1' })
    expect(asked).toBe(2)
  })

  it('is the fault of the token after that', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    ;[published, asked] = [[old.jwk], 0]
    const verifier = await remote()
    await verifier.verify(await old.sign('old'))
    vi.setSystemTime(Date.now() + COOLDOWN_MS)
    const refused = verifier.verify(await foreign.sign('made up'))
    await expect(refused).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect(asked).toBe(2)
  })
})

describe('a token without the id of its key', () => {
  it('is tried with each key that fits', async () => {
    const file = join(temporaryDirectory(), 'jwks.json')
    writeFileSync(file, JSON.stringify({ keys: [old.jwk, next.jwk] }))
    const verifier = await verifierOf(file)
    for (const { sign } of [old, next])
      await expect(verifier.verify(await sign())).resolves.toMatchObject({ sub: 'user-1' })
    const refused = verifier.verify(await foreign.sign())
    await expect(refused).rejects.toMatchObject({ code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
  })
})
