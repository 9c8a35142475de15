// The public types as a strict TypeScript project sees them; compiled, never run.
import {
  configure,
  createRevocade,
  defaultRevocade,
  ERROR_STATUS,
  isRevoked,
  revoke,
  RevocadeError,
  type BulkReceipt,
  type CheckOptions,
  type Clock,
  type DecidedBy,
  type ListQuery,
  type Logger,
  type Prefilter,
  type PrefilterChoice,
  type Receipt,
  type RegisteredClaims,
  type RedisClient,
  type RedisLayerOptions,
  type Revocade,
  type RevocadeErrorCode,
  type RevocadeOptions,
  type Revocation,
  type RevocationInput,
  type RevocationStore,
  type RevokeManyOptions,
  type RevokeOptions,
  type RevokeWhereOptions,
  type UnrevokeOptions,
  type Selector,
  type Stats,
  type Target,
  type Time,
  type Token,
  type TokenClaims,
  type UnknownPolicy,
  type Verdict,
  type VerdictStatus,
} from 'revocade'
import type * as ports from 'revocade/ports'
import type { IssuedClaims } from 'revocade/sessions'
import { checkIntegrity, SqliteStore, type SqliteStoreOptions } from 'revocade/sqlite'
import { prefilterSuite, storeSuite, type StoreHarness } from 'revocade/testing'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type IsAny<T> = 0 extends 1 & T ? true : false
type Expect<T extends true> = T
type Names<T> = keyof T & string

export type NothingIsAny = [
  Expect<Equal<IsAny<Revocade>, false>>,
  Expect<Equal<IsAny<RevocadeOptions>, false>>,
  Expect<Equal<IsAny<Verdict>, false>>,
  Expect<Equal<IsAny<Receipt>, false>>,
  Expect<Equal<IsAny<Stats>, false>>,
  Expect<Equal<IsAny<Revocation>, false>>,
  Expect<Equal<IsAny<Token>, false>>,
  Expect<Equal<IsAny<RevocationStore>, false>>,
  Expect<Equal<IsAny<Prefilter>, false>>,
  Expect<Equal<IsAny<RedisClient>, false>>,
  Expect<Equal<IsAny<RedisLayerOptions>, false>>,
  Expect<Equal<IsAny<SqliteStore>, false>>,
  Expect<Equal<IsAny<SqliteStoreOptions>, false>>,
  Expect<Equal<IsAny<ports.BucketSource>, false>>,
  Expect<Equal<IsAny<ports.Notifier>, false>>,
  Expect<Equal<IsAny<ports.PrefixCache>, false>>,
  Expect<Equal<IsAny<StoreHarness>, false>>,
  Expect<Equal<IsAny<typeof prefilterSuite>, false>>,
  Expect<Equal<IsAny<typeof storeSuite>, false>>,
  Expect<Equal<IsAny<typeof createRevocade>, false>>,
  Expect<Equal<IsAny<typeof configure>, false>>,
  Expect<Equal<IsAny<RevocadeError['code']>, false>>,
]

export type Shapes = [
  // The functions.
  Expect<Equal<typeof createRevocade, (options?: RevocadeOptions) => Promise<Revocade>>>,
  Expect<Equal<typeof configure, (options: RevocadeOptions) => void>>,
  Expect<Equal<typeof defaultRevocade, () => Promise<Revocade>>>,
  Expect<Equal<typeof isRevoked, (token: Token, options?: CheckOptions) => Promise<boolean>>>,
  Expect<Equal<typeof revoke, (token: Token, options?: RevokeOptions) => Promise<Receipt>>>,
  // The engine: these methods and no others.
  Expect<
    Equal<
      Names<Revocade>,
      | 'isRevoked'
      | 'isClearlyActive'
      | 'maxTokenBytes'
      | 'clockToleranceSeconds'
      | 'check'
      | 'revoke'
      | 'revokeWhere'
      | 'revokeMany'
      | 'unrevoke'
      | 'unrevokeWhere'
      | 'list'
      | 'stats'
      | 'close'
    >
  >,
  Expect<Equal<ReturnType<Revocade['isRevoked']>, Promise<boolean>>>,
  Expect<Equal<ReturnType<Revocade['isClearlyActive']>, boolean>>,
  Expect<Equal<ReturnType<Revocade['check']>, Promise<Verdict>>>,
  Expect<Equal<ReturnType<Revocade['revoke']>, Promise<Receipt>>>,
  Expect<Equal<ReturnType<Revocade['revokeWhere']>, Promise<Receipt>>>,
  Expect<Equal<ReturnType<Revocade['revokeMany']>, Promise<BulkReceipt>>>,
  Expect<Equal<ReturnType<Revocade['unrevoke']>, Promise<Receipt>>>,
  Expect<Equal<ReturnType<Revocade['unrevokeWhere']>, Promise<Receipt>>>,
  Expect<Equal<ReturnType<Revocade['list']>, AsyncIterable<Revocation>>>,
  Expect<Equal<ReturnType<Revocade['close']>, Promise<void>>>,
  // Words.
  Expect<Equal<VerdictStatus, 'active' | 'revoked' | 'unknown'>>,
  Expect<Equal<DecidedBy, 'prefilter' | 'cache' | 'redis' | 'store' | 'policy'>>,
  Expect<Equal<UnknownPolicy, 'throw' | 'revoked' | 'active'>>,
  Expect<Equal<Time, Date | number>>,
  Expect<Equal<Token, string | TokenClaims | RegisteredClaims>>,
  Expect<Equal<Target['kind'], 'id' | 'hash' | 'selector'>>,
  Expect<Equal<RevocadeErrorCode, keyof typeof ERROR_STATUS>>,
  // Times come out as Date.
  Expect<Equal<Receipt['expiresAt'], Date>>,
  Expect<Equal<Receipt['effectiveEverywhereAt'], Date>>,
  Expect<Equal<Receipt['durable'], true | 'redis'>>,
  Expect<Equal<Revocation['revokedAt'], Date>>,
  Expect<Equal<Revocation['issuedBefore'], Date | undefined>>,
  // One interface has one type, wherever it is imported from.
  Expect<Equal<RevocationStore, ports.RevocationStore>>,
  Expect<Equal<Logger, ports.Logger>>,
  Expect<Equal<Clock, ports.Clock>>,
  Expect<Equal<Prefilter, ports.Prefilter>>,
  Expect<Equal<Target, ports.Target>>,
  // The store.
  Expect<
    Equal<ConstructorParameters<typeof SqliteStore>, [path: string, options?: SqliteStoreOptions | undefined]>
  >,
  Expect<Equal<Parameters<typeof checkIntegrity>, [path: string, deep?: boolean | undefined]>>,
  Expect<Equal<ReturnType<typeof checkIntegrity>, string[]>>,
  // Options of calls.
  Expect<Equal<Names<CheckOptions>, 'onUnknown' | 'selectorsOnly'>>,
  Expect<Equal<Names<RevokeOptions>, 'notBefore' | 'expiresAt' | 'reason' | 'actor' | 'ack'>>,
  Expect<Equal<Names<RevokeWhereOptions>, Names<RevokeOptions> | 'issuedBefore' | 'sameSecond'>>,
  Expect<Equal<Names<UnrevokeOptions>, 'actor'>>,
  Expect<Equal<Names<RevokeManyOptions>, 'ack' | 'onInvalid' | 'onProgress'>>,
  Expect<Equal<Names<ListQuery>, 'kind' | 'includeExpired' | 'afterSeq' | 'limit'>>,
  Expect<Equal<Names<PrefilterChoice>, 'kind' | 'falsePositiveRate' | 'expectedRevocations' | 'prefixBits'>>,
  Expect<Equal<RevocadeOptions['redis'], string | RedisClient | RedisLayerOptions | null | undefined>>,
  Expect<
    Equal<
      Names<RedisLayerOptions>,
      | 'url'
      | 'client'
      | 'timeoutMs'
      | 'reads'
      | 'keyPrefix'
      | 'host'
      | 'port'
      | 'db'
      | 'username'
      | 'password'
      | 'path'
      | 'tls'
      | 'sentinels'
      | 'name'
      | 'sentinelPassword'
      | 'nodes'
    >
  >,
]

// As it is used.
export async function handler(
  revocade: Revocade,
  token: string,
  claims: { sub: string; jti: string; exp: number },
): Promise<string> {
  if (revocade.isClearlyActive(claims)) return 'go on'
  const verdict = await revocade.check(token, { onUnknown: 'throw' })
  switch (verdict.status) {
    case 'active':
      return verdict.decidedBy
    case 'revoked':
      return verdict.revocation?.target.kind === 'selector'
        ? Object.keys(verdict.revocation.target.where).join()
        : (verdict.reason ?? '')
    case 'unknown':
      return 'ask again'
    default: {
      const never: never = verdict.status
      return never
    }
  }
}

export async function writes(revocade: Revocade, entries: AsyncIterable<RevocationInput>): Promise<number> {
  const selector: Selector = { sub: 'u1', client_id: 'app' }
  await revocade.revokeWhere(selector, {
    issuedBefore: new Date(),
    sameSecond: 'keep',
    ack: 'fleet',
    expiresAt: 1_900_000_000,
  })
  const { count, invalid }: BulkReceipt = await revocade.revokeMany(entries, {
    onInvalid: (error, _entry, index) => console.error(error.code, index),
  })
  for await (const { seq, target } of revocade.list({ kind: 'token', limit: 10 }))
    console.log(seq, target.kind)
  return count + invalid
}

export async function scoped(store: RevocationStore, logger: Logger, clock: Clock): Promise<Stats> {
  await using revocade = await createRevocade({
    store,
    logger,
    clock,
    claims: ['sub', ['sub', 'client_id']],
    prefilter: { kind: 'trie', prefixBits: 32 },
  })
  return revocade.stats()
}

export async function patient(): Promise<Revocade> {
  return createRevocade({ store: new SqliteStore('./revocade.db', { busyTimeoutMs: 10_000 }) })
}

/** A store of one's own: a class that implements the interface, with no other import. */
export abstract class OwnStore implements ports.RevocationStore {
  readonly kind = 'own'
  abstract open(context: ports.StoreContext): Promise<ports.StoreInfo>
  abstract get(digest: ports.Digest): ports.MaybePromise<ports.StoredRow | undefined>
  abstract poll(after: ports.Position, limit: number, seen?: ports.Position): ports.MaybePromise<ports.Poll>
  abstract scan(liveAfter: number): AsyncGenerator<ports.ScanChunk, ports.ScanEnd, void>
  abstract write(mutations: readonly ports.Mutation[]): Promise<ports.Committed>
  abstract list(query: ports.StoreQuery): ports.MaybePromise<readonly ports.StoredRow[]>
  abstract stats(): ports.StoreStats
  abstract close(): Promise<void>
}

export function statusOf(error: unknown): number {
  if (!(error instanceof RevocadeError)) return 500
  const code: RevocadeErrorCode = error.code
  return code === 'ERR_UNAVAILABLE' ? 503 : error.statusCode
}

interface AppClaims {
  readonly sub: string
  readonly roles: readonly string[]
}

export function interfacesAreClaims(revocade: Revocade, own: AppClaims, issued: IssuedClaims): void {
  void revocade.check(own, { selectorsOnly: true })
  void revocade.revoke(issued, { expiresAt: 2_000_000_000 })
}

interface Owner {
  readonly sub: string
  readonly client: number
}

export function interfacesAreSelectorsWhenSpread(revocade: Revocade, owner: Owner, own: AppClaims): void {
  void revocade.revokeWhere({ ...owner })
  // @ts-expect-error a value that can't be compared
  void revocade.revokeWhere({ ...own })
}

export function refused(revocade: Revocade): void {
  // @ts-expect-error misspelt
  void createRevocade({ stroe: './x.db' })
  // @ts-expect-error not a kind
  void createRevocade({ prefilter: { kind: 'cuckoo' } })
  // @ts-expect-error not a token
  void revocade.isRevoked(7)
  // @ts-expect-error not awaited
  void revocade.isRevoked(Promise.resolve({ sub: 'ann' }))
  // @ts-expect-error not claims
  void revocade.isRevoked(new Date())
  // @ts-expect-error a time is a Date or a number
  void revocade.revoke('token', { expiresAt: '2026-01-01' })
  // @ts-expect-error an id alone never ends
  void revocade.revokeMany([{ jti: 'a' }])
  // @ts-expect-error a value that can't be compared
  void revocade.revokeWhere({ sub: { id: 1 } })
  // @ts-expect-error synchronous
  void revocade.isClearlyActive('token').then()
}
