import type { RevocadeOptions } from 'revocade'
import { describe, expect, it } from 'vitest'
import { open } from '../support/engine.js'
import { code, section, tableRows } from '../support/markdown.js'
import { temporaryDirectory } from '../support/temp.js'
import { nowSeconds, TOMORROW } from '../support/time.js'
import { PROVIDER_TOKENS } from './provider-tokens.js'

const rows = tableRows(section('docs/identity-providers.md', 'providers')).map(
  ([token = '', id = '', selector = '', claims = '']) => ({
    token,
    id: code(id),
    selector: code(selector),
    claims: JSON.parse(code(claims).replaceAll("'", '"')) as RevocadeOptions['claims'],
  }),
)

/** The token as its provider would send it; the signature is never looked at. */
function encode(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`
}

const nested = tableRows(section('docs/identity-providers.md', 'nested')).map(
  ([token = '', , selector = '']) => ({ token, selector: code(selector) }),
)

/** The value that a pointer without escapes leads to. */
const valueAt = (claims: unknown, selector: string): unknown =>
  selector
    .split('/')
    .slice(1)
    .reduce<unknown>((object, name) => Reflect.get(Object(object) as object, name), claims)

describe('identity-providers.md', () => {
  it('has a row for each known token, and a token for each row', () => {
    expect(rows.map(({ token }) => token)).toEqual(Object.keys(PROVIDER_TOKENS))
  })

  it.each(rows)(
    '$token: revoke and revokeWhere reach it as the row says',
    async ({ token, id, selector, claims }) => {
      const engine = await open({
        store: `${temporaryDirectory()}/revocade.db`,
        claims,
        ...(id === 'uti' ? { idClaims: ['jti', 'uti'] } : {}),
        maxTokenLifetimeSeconds: 3600,
      })
      const payload = { ...PROVIDER_TOKENS[token], iat: nowSeconds() - 60, exp: TOMORROW }
      const jwt = encode(payload)
      const byClaims = id === 'raw string' ? undefined : payload

      await engine.revoke(jwt)
      expect(await engine.isRevoked(jwt)).toBe(true)
      if (byClaims === undefined) {
        await expect(engine.isRevoked(payload)).rejects.toMatchObject({ code: 'ERR_TOKEN_NOT_IDENTIFIABLE' })
      } else {
        expect(await engine.isRevoked(byClaims)).toBe(true)
      }
      await engine.unrevoke(jwt)
      expect(await engine.isRevoked(jwt)).toBe(false)

      const names = claims?.flat().includes('iss') === true ? ['iss', selector] : [selector]
      await engine.revokeWhere(
        Object.fromEntries(names.map((name) => [name, String(Reflect.get(payload, name))])),
      )
      expect(await engine.isRevoked(jwt)).toBe(true)
      expect(
        await engine.isRevoked(encode({ ...payload, [selector]: 'another', jti: 'another', uti: 'another' })),
      ).toBe(false)
    },
  )

  it('has selectors that reach into objects', () => {
    expect(nested.length).toBeGreaterThan(3)
  })

  it.each(nested)('$token: $selector reaches it', async ({ token, selector }) => {
    const store = `${temporaryDirectory()}/revocade.db`
    const engine = await open({ store, claims: [selector], maxTokenLifetimeSeconds: 3600 })
    const payload = { ...PROVIDER_TOKENS[token], iat: nowSeconds() - 60, exp: TOMORROW }
    const value = String(valueAt(payload, selector))
    await engine.revokeWhere({ [selector]: value })
    expect(await engine.isRevoked(encode(payload))).toBe(true)
    const other = JSON.stringify(payload).replace(`"${value}"`, '"another"')
    expect(await engine.isRevoked(encode(JSON.parse(other) as object))).toBe(false)
  })
})
