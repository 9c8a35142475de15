import { type Server } from 'node:http'
import { Redis } from 'ioredis'
import { exportJWK, generateKeyPair } from 'jose'
import { type Adapter, Provider } from 'oidc-provider'
import { freePort } from '../../harness/free-port.js'
import { type Issuer, serverOf } from './issuer.js'
import { close, listening } from './loopback.js'
import { redisAdapter } from './oidc-redis-adapter.js'

const CLIENT = 'app'
const SCOPE = 'openid offline_access'
const DAYS_14 = 14 * 86_400

/**
 * node-oidc-provider, asked over HTTP with the refresh_token grant of a public client. `rotateRefreshToken`
 * is on; its default would rotate for such a client as well. Everything else is default, but for what its
 * documentation asks every installation to set: clients, keys, accounts, lifetimes. Logins begin with a grant
 * and a refresh token made by its own models, without the pages of a login.
 */
export class OidcProvider implements Issuer {
  readonly name: string
  readonly #providers: readonly Provider[]
  readonly #servers: readonly Server[]
  readonly #urls: readonly string[]
  readonly #redis: Redis | undefined

  private constructor(
    name: string,
    started: readonly { readonly provider: Provider; readonly server: Server; readonly url: string }[],
    redis?: Redis,
  ) {
    this.name = name
    this.#providers = started.map(({ provider }) => provider)
    this.#servers = started.map(({ server }) => server)
    this.#urls = started.map(({ url }) => url)
    this.#redis = redis
  }

  /** One server with the adapter that it has by itself. It says that it is for development. */
  static async inMemory(): Promise<OidcProvider> {
    return new OidcProvider('oidc-provider in memory', [await start(await keys())])
  }

  /** Two servers that share a Redis. */
  static async onRedis(url: string): Promise<OidcProvider> {
    const redis = new Redis(url)
    const [jwks, adapter] = [await keys(), redisAdapter(redis)]
    return new OidcProvider(
      'oidc-provider on Redis',
      [await start(jwks, adapter), await start(jwks, adapter)],
      redis,
    )
  }

  async login(user: string): Promise<string> {
    const provider = serverOf(this.#providers, 0)
    const grant = new provider.Grant({ accountId: user, clientId: CLIENT })
    grant.addOIDCScope(SCOPE)
    const token = new provider.RefreshToken({
      accountId: user,
      client: await provider.Client.find(CLIENT),
      grantId: await grant.save(),
      gty: 'authorization_code',
      scope: SCOPE,
    })
    return token.save()
  }

  async refresh(token: string, server = 0): Promise<string | undefined> {
    const response = await fetch(`${serverOf(this.#urls, server)}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT, refresh_token: token }),
    })
    const answer = (await response.json()) as { readonly refresh_token?: string; readonly error?: string }
    if (answer.refresh_token === undefined && answer.error !== 'invalid_grant')
      throw new Error(`oidc-provider answers ${response.status}: ${JSON.stringify(answer)}`)
    return answer.refresh_token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await close(server)
    this.#redis?.disconnect()
  }
}

async function keys(): Promise<object> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'one' }] }
}

async function start(
  jwks: object,
  adapter?: (model: string) => Adapter,
): Promise<{ provider: Provider; server: Server; url: string }> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const provider = new Provider(url, {
    ...(adapter === undefined ? {} : { adapter }),
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['com.example.app:/callback'],
        application_type: 'native',
        id_token_signed_response_alg: 'ES256',
      },
    ],
    rotateRefreshToken: true,
    jwks,
    cookies: { keys: ['a secret of this benchmark'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    ttl: { AccessToken: 600, IdToken: 600, RefreshToken: DAYS_14, Grant: DAYS_14 },
  })
  return { provider, server: await listening(provider.callback(), port), url }
}
