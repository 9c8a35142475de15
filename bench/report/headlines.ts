/** A row of a record, as it is called there, in the README's words. */
type Headline = Readonly<Record<'case' | 'row' | 'says', string>>

/** What the README quotes of a record: what was promised, what others take, and where we lose. */
export const HEADLINES: readonly { readonly title: string; readonly rows: readonly Headline[] }[] = [
  {
    title: 'A check, with a million live revocations and default options',
    rows: [
      {
        case: 'limit',
        row: 'isClearlyActive ÷ its parts, each waited for',
        says: 'a check of decoded claims ÷ its digest, a clock read and its probe, each waited for',
      },
      {
        case: 'limit',
        row: 'isClearlyActive ÷ its parts',
        says: 'the same, each part in a loop of its own, where it need not be waited for',
      },
      {
        case: 'limit',
        row: 'isClearlyActive ÷ its parts by hand in one loop',
        says: 'the same, the parts by hand in one loop',
      },
      {
        case: 'check',
        row: 'Set.has (1,000,000 ids) ÷ isClearlyActive',
        says: '`Set.has` on fresh strings ÷ a check',
      },
      {
        case: 'check',
        row: 'bloom-filters.has (1,000,000 ids) ÷ isClearlyActive',
        says: '`has` of the npm library bloom-filters ÷ a check',
      },
      {
        case: 'scale',
        row: 'check: 10,000,000 entries ÷ 1,000 entries',
        says: 'a check with ten million revocations ÷ with a thousand',
      },
      {
        case: 'selectors',
        row: 'with live sub and sid revocations ÷ without',
        says: 'with live revocations by `sub` and `sid` ÷ without',
      },
      { case: 'allocation', row: 'isClearlyActive', says: 'heap that a check leaves behind' },
      {
        case: 'false-positives',
        row: 'bloom, 0.0001: bits an entry',
        says: 'the filter at 1e-4: bits an entry',
      },
      {
        case: 'false-positives',
        row: 'bloom, 0.0001, 100 % full: false positives measured ÷ promised',
        says: 'its false positives, full ÷ 1e-4',
      },
      {
        case: 'latency-under-churn',
        row: 'answers judged: none wrong, none unknown',
        says: 'answers judged while tokens were revoked, the filter rebuilt, a million imported: none wrong',
      },
    ],
  },
  {
    title: 'What others take for the same tokens, none of them revoked ÷ what we take',
    rows: [
      {
        case: 'check',
        row: 'Set with TTL ÷ Revocade, claims: none revoked',
        says: 'a `Set` with a TTL for each id',
      },
      {
        case: 'check',
        row: 'better-sqlite3 ÷ Revocade, claims: none revoked',
        says: 'better-sqlite3, an indexed `SELECT`',
      },
      {
        case: 'check',
        row: 'ioredis EXISTS token ÷ Revocade, claims: none revoked',
        says: 'ioredis, `EXISTS blacklist:<token>`, each awaited',
      },
      {
        case: 'check',
        row: 'ioredis EXISTS token, 64 in flight ÷ Revocade, claims: none revoked',
        says: 'the same, 64 under way at a time, pipelined',
      },
      { case: 'check', row: 'jwt-redis ÷ Revocade, claims: none revoked', says: 'jwt-redis' },
      {
        case: 'check',
        row: 'express-jwt-blacklist ÷ Revocade, claims: none revoked',
        says: 'express-jwt-blacklist',
      },
      {
        case: 'check',
        row: 'verifying HS256 fast-jwt ÷ Revocade, claims: none revoked',
        says: 'to compare: verifying HS256 with fast-jwt, without its cache',
      },
      {
        case: 'check',
        row: 'verifying ES256 jose ÷ Revocade, claims: none revoked',
        says: 'to compare: verifying ES256 with jose',
      },
    ],
  },
  {
    title: 'Revoked tokens that were let through',
    rows: [
      {
        case: 'check',
        row: 'Revocade, raw JWT lets through: revoked tokens, respelt',
        says: 'Revocade: spelt another way that a verifier accepts',
      },
      {
        case: 'check',
        row: 'ioredis EXISTS token lets through: revoked tokens, respelt',
        says: '`EXISTS blacklist:<token>`: the same',
      },
      {
        case: 'check',
        row: 'Revocade, claims lets through: tokens of one user, revoked at the same time',
        says: 'Revocade: several of one user, revoked at the same time',
      },
      {
        case: 'check',
        row: 'express-jwt-blacklist by sub lets through: tokens of one user, revoked at the same time',
        says: 'express-jwt-blacklist: the same',
      },
      {
        case: 'check',
        row: 'Revocade, claims lets through: revoked tokens, while Redis answers reads with errors',
        says: 'Revocade: while Redis answers with errors',
      },
      {
        case: 'check',
        row: 'express-jwt-blacklist lets through: revoked tokens, while Redis answers reads with errors',
        says: 'express-jwt-blacklist: the same',
      },
    ],
  },
  {
    title:
      'Where we lose: half of the checks are of revoked tokens, each another one. ' +
      'What others take ÷ what we take',
    rows: [
      {
        case: 'check',
        row: 'Set with TTL ÷ Revocade, claims: 50 % revoked',
        says: 'a `Set` with a TTL for each id',
      },
      { case: 'check', row: 'better-sqlite3 ÷ Revocade, claims: 50 % revoked', says: 'better-sqlite3' },
      {
        case: 'check',
        row: 'ioredis EXISTS token, 64 in flight ÷ Revocade, claims: 50 % revoked',
        says: 'ioredis, 64 under way at a time, Redis on the same host',
      },
      {
        case: 'check',
        row: 'express-jwt-blacklist, 64 in flight ÷ Revocade, claims: 50 % revoked',
        says: 'express-jwt-blacklist, 64 under way at a time',
      },
      {
        case: 'network',
        row: 'Revocade with Redis, asked last ÷ Revocade with Redis: 1 ms, 50 % revoked',
        says: "Revocade with a Redis 1 ms away and `reads: 'when-store-fails'` ÷ by default",
      },
    ],
  },
  {
    title: 'Writing and starting',
    rows: [
      {
        case: 'revoke',
        row: 'await revoke(), one at a time ÷ bare insert, synchronous=FULL',
        says: '`await revoke()`, one at a time ÷ a bare SQLite insert with `synchronous=FULL`',
      },
      {
        case: 'revoke',
        row: 'revocations a second, 256 in flight',
        says: 'revocations a second, 256 under way at a time',
      },
      {
        case: 'revoke',
        row: 'p99 of one check in such a burst ÷ idle',
        says: 'p99 of a check during that ÷ idle',
      },
      { case: 'import', row: 'revokeMany of 1,000,000', says: 'a million by `revokeMany`' },
      {
        case: 'import',
        row: 'revocade import of the same as NDJSON, whole process',
        says: 'a million by `revocade import`, NDJSON',
      },
      {
        case: 'boot',
        row: 'createRevocade with 1,000,000, from the snapshot',
        says: 'start with a million, from the snapshot',
      },
      {
        case: 'boot',
        row: 'createRevocade with 1,000,000, from the store',
        says: 'start with a million, from the store',
      },
    ],
  },
  {
    title: 'With a Redis on the same host',
    rows: [
      {
        case: 'redis',
        row: 'check that the prefilter answers: with Redis ÷ without',
        says: 'a check that the filter answers: with Redis ÷ without',
      },
      { case: 'redis', row: 'Redis commands during these checks', says: 'commands sent for these' },
      {
        case: 'redis',
        row: "commands of a token that the prefilter can't rule out: first check",
        says: "commands for a token that the filter can't rule out: its first check",
      },
      { case: 'redis', row: 'the next hundred checks of that token', says: 'its next hundred checks' },
      { case: 'redis-memory', row: 'bytes a revocation', says: 'memory in Redis for a revocation' },
      { case: 'redis-memory', row: 'SET blacklist:<jti> ÷ ours', says: '`SET blacklist:<jti>` ÷ that' },
      {
        case: 'redis-memory',
        row: 'SET blacklist:<JWT of 250> ÷ ours',
        says: '`SET blacklist:<JWT of 250 characters>` ÷ that',
      },
      {
        case: 'redis-memory',
        row: 'filling an empty Redis in the background',
        says: 'filling an empty Redis with a million, in the background',
      },
      {
        case: 'propagation',
        row: 'with Redis, p50',
        says: 'from a commit until another of four processes knows, p50',
      },
      { case: 'propagation', row: 'with Redis, p99', says: 'the same, p99' },
      {
        case: 'propagation',
        row: 'without Redis, the longest',
        says: 'the same without Redis, `maxStalenessMs` 300, the longest of a thousand',
      },
      {
        case: 'redis',
        row: 'await revoke, until Redis has it ÷ without Redis',
        says: '`await revoke()` until Redis has it ÷ without Redis',
      },
    ],
  },
]
