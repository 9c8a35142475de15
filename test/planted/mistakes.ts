import { CACHE_MISTAKES } from './cache-mistakes.js'
import { DROP_IN_MISTAKES } from './drop-in-mistakes.js'
import { FAILOVER_MISTAKES } from './failover-mistakes.js'
import { LIMIT_MISTAKES } from './limit-mistakes.js'
import { NETWORK_MISTAKES } from './network-mistakes.js'
import { PAGE_MISTAKES } from './page-mistakes.js'
import type { Mistake } from './plant.js'
import { SESSION_MISTAKES } from './session-mistakes.js'
import { SESSION_STORE_MISTAKES } from './session-store-mistakes.js'

const REDIS = 'test/redis/interleavings.test.ts'
const RESTORED = 'test/redis/restored.test.ts'
const EXACT_LOOKUP = 'test/engine/exact-lookup.test.ts'
const AT_ONCE = 'test/engine/at-once.test.ts'
const SYNC = 'test/engine/sync.test.ts'
const ENGINE = 'test/engine/interleavings.test.ts'
const EVERYONE = 'test/engine/everyone.test.ts'
const GATE = 'test/http/gate.test.ts'
const TIME_CLAIMS = 'test/engine/time-claims.test.ts'
const LOST_STORE = 'test/redis-store/lost-store.test.ts'
const STORE_FAULTS = 'test/redis-store/faults.test.ts'

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'a base takes over without what came since its snapshot',
    file: 'engine/live-prefilter.ts',
    within: '#fillBase',
    is: 'this.#next = next',
    becomes: 'void next',
    caughtBy: 'test/engine/fuse-rebuild.test.ts',
    breaks: /× .*lacks nothing at any instant of a rebuild/,
  },
  {
    name: 'the lease counts from the reply',
    file: 'engine/sync.ts',
    within: '#poll',
    is: 'this.#renew(sentAt)',
    becomes: 'this.#renew(this.#deps.clock.monotonic())',
    caughtBy: SYNC,
    breaks: /× runs from before the poll was sent/,
  },
  {
    name: 'a bucket that bears no version is taken for complete',
    file: 'buckets/version-table.ts',
    within: 'isCurrent',
    is: '|| version === null) return false',
    becomes: ') return false; if (version === null) return true',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'the version of a bucket is ignored',
    file: 'buckets/version-table.ts',
    within: 'isCurrent',
    is:
      'return version.length === VERSION_BYTES && ' +
      'Buffer.compare(this.#at(this.#table, bucket), version) === 0',
    becomes: 'return true',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a number alone is the version: a high-water mark',
    file: 'buckets/version-table.ts',
    within: 'isCurrent',
    is: 'Buffer.compare(this.#at(this.#table, bucket), version) === 0',
    becomes:
      'this.#at(this.#table, bucket).readUIntBE(0, SEQ_BYTES) ' +
      '<= Buffer.from(version).readUIntBE(0, SEQ_BYTES)',
    caughtBy: RESTORED,
    breaks: /× .*with a higher change number[^]*× .*of a discarded history/,
  },
  {
    name: 'a bucket is changed whatever version it is at',
    file: 'redis/prefix-cache/bucket-script.ts',
    within: 'SOURCE',
    is: 'if at ~= ARGV[1] then',
    becomes: 'if false then',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a digest is looked for under another field than it was written',
    file: 'redis/prefix-cache/keys.ts',
    within: 'fieldOf',
    is: 'digest.byteOffset + 2',
    becomes: 'digest.byteOffset + 3',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: "an engine's own commit does not move the version",
    file: 'engine/cursor.ts',
    within: 'committed',
    is: 'if (buckets !== undefined)',
    becomes: 'if (buckets === null)',
    caughtBy: REDIS,
    breaks: /[23]: .* active/,
  },
  {
    name: 'a version that does not fit what was known is passed over',
    file: 'buckets/version-table.ts',
    within: '#note',
    is: 'known.set(UNCERTAIN)',
    becomes: '',
    caughtBy: RESTORED,
    breaks: /× .*finds its own commit/,
  },
  {
    name: 'a follower asks only whether its position is in the history',
    file: 'engine/sync.ts',
    within: '#poll',
    is: 'poll(this.position, SLICE, unverified ?? this.#cursor.seen)',
    becomes: 'poll(this.position, SLICE, unverified)',
    caughtBy: RESTORED,
    breaks: /× .*rebuilds if its own commit is lost/,
  },
  {
    name: 'an answer is cached that is newer than what was seen of the history',
    file: 'engine/verdict-cache.ts',
    within: 'set',
    is: '(row?.seq ?? 0) <= this.maxConfirmedSeq',
    becomes: 'true',
    caughtBy: RESTORED,
    breaks: /× .*drops a cached verdict/,
  },
  {
    name: "Redis's answer is cached although a change came after its proof",
    file: 'engine/exact-lookup.ts',
    within: '#proven',
    is: 'this.#cache.set(digest, null, this.#cache.generation)',
    becomes: 'queueMicrotask(() => this.#cache.set(digest, null, this.#cache.generation))',
    caughtBy: EXACT_LOOKUP,
    breaks: /× .*cached in that turn/,
  },
  {
    name: "the store's answer is cached although a change came while it was under way",
    file: 'engine/exact-lookup.ts',
    within: '#ask',
    is: 'this.#cache.set(digest, row, askedAt)',
    becomes: 'this.#cache.set(digest, row, this.#cache.generation)',
    caughtBy: ENGINE,
    breaks: /[23]: .* active/,
  },
  {
    name: 'an answer at once does not ask whether the lease is live',
    file: 'engine/lookup.ts',
    within: '#probe',
    is: '!lease.isLive() && !(sync.catchUp() && digester.tokenIfIdentifiable(token))',
    becomes: 'false',
    caughtBy: AT_ONCE,
    breaks: /× .*follows a change by another engine/,
  },
  {
    name: 'what decides is cached although a change came within the read',
    file: 'engine/exact-lookup.ts',
    within: 'decidingRow',
    is: 'this.#cache.set(digest, row, askedAt)',
    becomes: 'this.#cache.set(digest, row, this.#cache.generation)',
    caughtBy: AT_ONCE,
    breaks: /× .*came within the read/,
  },
  {
    name: 'a check joins a lookup that was sent before the last change',
    file: 'engine/exact-lookup.ts',
    within: 'find',
    is: 'flight?.generation === this.#cache.generation',
    becomes: 'flight !== undefined',
    caughtBy: EXACT_LOOKUP,
    breaks: /× .*before a change/,
  },
  {
    name: 'the cursor goes by what arrives',
    file: 'engine/cursor.ts',
    within: 'committed',
    is: 'seq === last + 1 &&',
    becomes: 'seq > last ||',
    caughtBy: ENGINE,
    breaks: /3: .* active too late/,
  },
  {
    name: 'everybody is told that he revoked a token first',
    file: 'store/sqlite/write/merge-rows.ts',
    within: 'mergeRows',
    is: 'cutoff(issuedThrough) >= cutoff(mutation.issuedThrough)',
    becomes: 'false',
    caughtBy: 'test/faults/first-revoker.test.ts',
    breaks: /× exactly one of many callers/,
  },
  {
    name: 'opaque tokens escape the selector of everybody',
    file: 'engine/token-digests.ts',
    within: 'fill',
    is: 'this.length = 0',
    becomes: 'this.length = 0; if (digester.claims === undefined) return this.#add(undefined)',
    caughtBy: EVERYONE,
    breaks: /× .*also of opaque tokens/,
  },
  {
    name: 'a cutoff is compared with iat, whatever the option says',
    file: 'engine/candidate.ts',
    within: 'isRevokedBy',
    is: 'numericDateAt(claims, issuedAt)',
    becomes: 'numericDateAt(claims, IAT)',
    caughtBy: TIME_CLAIMS,
    breaks: /× .*logins before the cutoff/,
  },
  {
    name: 'the later start of a revocation delays one that counts already',
    file: 'store/sqlite/write/merge-rows.ts',
    within: 'earlierStart',
    is: 'a === null || b === null ? null : Math.min(a, b)',
    becomes: 'b',
    caughtBy: 'test/engine/not-before.test.ts',
    breaks: /× .*neither delays nor takes back/,
  },
  {
    name: 'the number of replicas that have a commit is not read',
    file: 'store/redis/committer.ts',
    within: '#send',
    is: 'if (replicas < waitReplicas) throw tooFewReplicas(replicas, waitReplicas)',
    becomes: 'void replicas',
    caughtBy: STORE_FAULTS,
    breaks: /× a commit waits for the replicas that are demanded/,
  },
  {
    name: 'a batch whose answer was lost is not known again',
    file: 'store/redis/scripts/write-script.ts',
    within: 'WRITE',
    is: 'if a[3] == ARGV[4] then',
    becomes: 'batch = batch + a[1] if false then',
    caughtBy: STORE_FAULTS,
    breaks: /× a commit whose answer is lost/,
  },
  {
    name: 'a part of the index that was lost looks like tokens that nobody revoked',
    file: 'store/redis/scripts/prelude.ts',
    within: 'GUARD',
    is: 'if not p[2] and (',
    becomes: 'if false and (',
    caughtBy: LOST_STORE,
    breaks: /× a part of a store that is lost is noticed/,
  },
  {
    name: 'a store in Redis that is gone is made again',
    file: 'store/redis/scripts/prelude.ts',
    within: 'GUARD',
    is: "if not h[1] then fail('GONE') end",
    becomes: `if not h[1] then
      call('HSET', KEYS[1], 'id', ARGV[1], 'seq', 0, 'tag', '', 'tolerance', 0)
      call('HSET', KEYS[1], 'ns:' .. ARGV[2], ARGV[3], 'bits:' .. ARGV[3], 0, 'rows:' .. ARGV[3], 0)
      call('SETBIT', at .. 'm:' .. ARGV[3], 4096, 1)
      call('ZADD', at .. 'segs', -1, -1)
    end`,
    caughtBy: LOST_STORE,
    breaks: /× a server that was flushed is noticed/,
  },
  {
    name: 'a position in a Redis store goes by its number alone',
    file: 'store/redis/reader.ts',
    within: 'isPast',
    is: "(seq <= head.seq && tag.toString('hex') === epoch)",
    becomes: 'seq <= head.seq || tag.length > 8',
    caughtBy: LOST_STORE,
    breaks: /× an older state that reached the same number/,
  },
  ...FAILOVER_MISTAKES,
  ...NETWORK_MISTAKES,
  ...SESSION_MISTAKES,
  ...PAGE_MISTAKES,
  ...CACHE_MISTAKES,
  ...DROP_IN_MISTAKES,
  ...SESSION_STORE_MISTAKES,
  ...LIMIT_MISTAKES,
  {
    name: 'of two headers Authorization the first one is checked',
    file: 'http/gate.ts',
    within: 'createGate',
    is: "if (values.length > 1) return refused(court, 'several')",
    becomes: '',
    caughtBy: GATE,
    breaks: /× .*checks the tokens of all places/,
  },
  {
    name: 'the claims of an encrypted token are not checked',
    file: 'http/gate.ts',
    within: 'judgeVerified',
    is: 'if (!decision.allowed) return decision',
    becomes: 'return decision',
    caughtBy: GATE,
    breaks: /× .*checks verified claims as well/,
  },
  {
    name: 'the claims of a token are those of another one with the same characters at some places',
    file: 'http/decoded-claims.ts',
    within: 'find',
    is: 'if (text.slice(start, end) !== entry.signingInput) return undefined',
    becomes: '',
    caughtBy: 'test/http/decoded-claims.test.ts',
    breaks: /× are of that very token/,
  },
]
