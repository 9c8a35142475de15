import { createHash, timingSafeEqual } from 'node:crypto'
import { asRecord, oneOfOption, optionError, rejectUnknownKeys } from '../validate.js'

/** Whoever may use the API of revocations. */
export interface AdminOption {
  /** Stands as `actor` in what is revoked. */
  readonly name: string
  /** The bearer token: at least 16 characters of `A-Z a-z 0-9 - . _ ~ + /`, then any `=`. */
  readonly token?: string | undefined
  /** Instead of `token`: its SHA-256, in hexadecimal. */
  readonly tokenSha256?: string | undefined
  /**
   * A `viewer` reads, an `editor` changes too.
   *
   * @default 'editor'
   */
  readonly role?: 'viewer' | 'editor' | undefined
}

/** An OAuth client that may use `/revoke` and `/introspect`. */
export interface ClientOption {
  readonly id: string
  /** At least 16 characters. */
  readonly secret?: string | undefined
  /** Instead of `secret`: its SHA-256, in hexadecimal. */
  readonly secretSha256?: string | undefined
  /**
   * Which tokens it may revoke: its `own`, whose claim `client_id` or `azp` is its id, or `any`. Only a
   * verified claim can say whose a token is, so `own` needs a verification key.
   *
   * @default 'own'
   */
  readonly tokens?: 'own' | 'any' | undefined
}

/** An admin, without the token. */
export interface Admin {
  readonly name: string
  readonly role: 'viewer' | 'editor'
}

/** A client, without the secret. */
export interface Client {
  readonly id: string
  readonly tokens: 'own' | 'any'
}

interface Entry<T> {
  readonly hash: Buffer
  readonly holder: T
}

const B64TOKEN = /^[\w\-.~+/]+=*$/
/** Of the secret of an admin or a client. */
export const FEWEST_CHARACTERS = 16

/** The admins by their tokens. Of tokens it keeps hashes only. */
export class Admins {
  readonly #entries: readonly Entry<Admin>[]

  /** @throws {RevocadeError} ERR_CONFIG when an admin can't be used */
  constructor(options: unknown = []) {
    this.#entries = readList(options, 'admins').map((entry) => {
      rejectUnknownKeys(entry, ['name', 'token', 'tokenSha256', 'role'], "key in 'admins'")
      const role = oneOfOption(entry.role, 'admins.role', ['viewer', 'editor'], 'editor')
      const hash = hashOf(entry.token, entry.tokenSha256, ['admins.token', 'admins.tokenSha256'])
      if (typeof entry.token === 'string' && !B64TOKEN.test(entry.token))
        throw optionError('admins.token', 'must be of A-Z a-z 0-9 - . _ ~ + /, then any =')
      return { hash, holder: { name: nameIn(entry.name, 'admins.name'), role } }
    })
    refuseTwice(
      this.#entries.map(({ holder }) => holder.name),
      'admins',
    )
  }

  get size(): number {
    return this.#entries.length
  }

  /** The admin with a token. Takes the same time whether or not there is one. */
  find(token: string): Admin | undefined {
    const given = sha256(token)
    const found = this.#entries.filter(({ hash }) => timingSafeEqual(hash, given))
    return found[0]?.holder
  }
}

/** The OAuth clients by id. Of secrets it keeps hashes only. */
export class Clients {
  readonly #entries: ReadonlyMap<string, Entry<Client>>

  /** @throws {RevocadeError} ERR_CONFIG when a client can't be used */
  constructor(options: unknown = []) {
    const entries = readList(options, 'clients').map((entry) => {
      rejectUnknownKeys(entry, ['id', 'secret', 'secretSha256', 'tokens'], "key in 'clients'")
      const id = nameIn(entry.id, 'clients.id')
      const tokens = oneOfOption(entry.tokens, 'clients.tokens', ['own', 'any'], 'own')
      const hash = hashOf(entry.secret, entry.secretSha256, ['clients.secret', 'clients.secretSha256'])
      return [id, { hash, holder: { id, tokens } }] as const
    })
    refuseTwice(
      entries.map(([id]) => id),
      'clients',
    )
    this.#entries = new Map(entries)
  }

  get size(): number {
    return this.#entries.size
  }

  /** The ids of the clients that may revoke only their own tokens. */
  get limited(): readonly string[] {
    return [...this.#entries.values()]
      .filter(({ holder }) => holder.tokens === 'own')
      .map(({ holder }) => holder.id)
  }

  /**
   * The client with one of these ids and secrets, which are readings of one header. All are compared,
   * whatever the first one gives.
   */
  find(readings: readonly { readonly id: string; readonly secret: string }[]): Client | undefined {
    const found = readings.map(({ id, secret }) => {
      const entry = this.#entries.get(id)
      const same = timingSafeEqual(entry?.hash ?? NOBODY, sha256(secret))
      return entry !== undefined && same ? entry.holder : undefined
    })
    return found.find((client) => client !== undefined)
  }
}

/** The hash of nothing that anybody can give: not all zeros are likely to be a SHA-256. */
const NOBODY = Buffer.alloc(32)

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

function readList(options: unknown, option: string): Record<string, unknown>[] {
  if (!Array.isArray(options)) throw optionError(option, 'must be an array')
  return options.map((entry) => asRecord(entry, `an entry of '${option}'`))
}

function nameIn(value: unknown, option: string): string {
  if (typeof value === 'string' && /^[^\p{Cc}]{1,256}$/u.test(value)) return value
  throw optionError(option, 'must be a string of 1 to 256 characters, without control characters')
}

function hashOf(plain: unknown, hash: unknown, [name, hashName]: readonly [string, string]): Buffer {
  if ((plain === undefined) === (hash === undefined))
    throw optionError(name, `or '${hashName}' must be given, one of them, and not empty`)
  if (hash !== undefined) {
    if (typeof hash === 'string' && /^[\da-f]{64}$/i.test(hash)) return Buffer.from(hash, 'hex')
    throw optionError(hashName, 'must be a SHA-256 of 64 hexadecimal digits')
  }
  if (typeof plain === 'string' && plain.length >= FEWEST_CHARACTERS) return sha256(plain)
  throw optionError(name, `must be a string of at least ${FEWEST_CHARACTERS} characters`)
}

function refuseTwice(names: readonly string[], option: string): void {
  if (new Set(names).size !== names.length) throw optionError(option, 'names the same one twice')
}
