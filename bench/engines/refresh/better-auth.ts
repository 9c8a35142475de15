import type { RequestListener, Server } from 'node:http'
import Database from 'better-sqlite3'
import { type Issuer, serverOf } from './issuer.js'
import { close, listening } from './loopback.js'

// Its types need those of a browser, so what is used of it is declared here.

interface Auth {
  readonly options: object
}
interface BetterAuth {
  readonly betterAuth: (options: Readonly<Record<string, unknown>>) => Auth
}
interface Migration {
  readonly getMigrations: (options: object) => Promise<{ runMigrations(): Promise<void> }>
}
interface ForNode {
  readonly toNodeHandler: (auth: Auth) => RequestListener
}

const load = async (module: string): Promise<unknown> => import(module)

const COOKIE = 'better-auth.session_token'

/**
 * The sessions of better-auth on SQLite, asked over HTTP; two servers share the file. A session has one
 * token, in a signed cookie. The refresh moves its expiry and keeps the token: it is read in
 * `better-auth/dist/api/routes/session.mjs`. It is due on each request here (`updateAge: 0`). Passwords are
 * not hashed, since logins are not measured.
 *
 * Its OAuth provider rotates refresh tokens. It is a package of its own, `@better-auth/oauth-provider`, whose
 * newest release (1.7.5) wants other versions of their common packages than better-auth 1.7.25, so it is not
 * here.
 */
export class BetterAuthSessions implements Issuer {
  readonly name = 'better-auth'
  readonly #database: Database.Database
  readonly #servers: readonly Server[]
  readonly #urls: readonly string[]

  private constructor(database: Database.Database, servers: readonly Server[]) {
    this.#database = database
    this.#servers = servers
    this.#urls = servers.map((server) => {
      const address = server.address()
      if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
      return `http://127.0.0.1:${address.port}/api/auth`
    })
  }

  static async open(path: string): Promise<BetterAuthSessions> {
    const { betterAuth } = (await load('better-auth')) as BetterAuth
    const { getMigrations } = (await load('better-auth/db/migration')) as Migration
    const { toNodeHandler } = (await load('better-auth/node')) as ForNode
    const database = new Database(path)
    const made = (): Auth =>
      betterAuth({
        baseURL: 'http://127.0.0.1',
        secret: 'a secret of this benchmark, of 32 characters or more',
        database,
        emailAndPassword: {
          enabled: true,
          password: {
            hash: (password: string) => Promise.resolve(password),
            verify: ({ hash, password }: Readonly<Record<'hash' | 'password', string>>) =>
              Promise.resolve(hash === password),
          },
        },
        session: { updateAge: 0 },
        telemetry: { enabled: false },
      })
    const auths = [made(), made()]
    await (await getMigrations(serverOf(auths, 0).options)).runMigrations()
    const servers: Server[] = []
    for (const auth of auths) servers.push(await listening(toNodeHandler(auth)))
    return new BetterAuthSessions(database, servers)
  }

  async login(user: string): Promise<string> {
    const response = await fetch(`${serverOf(this.#urls, 0)}/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1' },
      body: JSON.stringify({ name: user, email: `${user}@example.com`, password: 'correct horse' }),
    })
    const token = cookieOf(response)
    if (token === undefined)
      throw new Error(`better-auth answers ${response.status}: ${await response.text()}`)
    return token
  }

  async refresh(token: string, server = 0): Promise<string | undefined> {
    const response = await fetch(`${serverOf(this.#urls, server)}/get-session`, {
      headers: { cookie: `${COOKIE}=${token}` },
    })
    if (!response.ok) throw new Error(`better-auth answers ${response.status}: ${await response.text()}`)
    if ((await response.json()) === null) return undefined
    return cookieOf(response) ?? token
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await close(server)
    this.#database.close()
  }
}

function cookieOf(response: Response): string | undefined {
  const set = response.headers.getSetCookie().find((one) => one.startsWith(`${COOKIE}=`))
  return set === undefined ? undefined : set.slice(COOKIE.length + 1, set.indexOf(';'))
}
