import { createHash } from 'node:crypto'

/**
 * Moves one bucket from one version to another by compare-and-set, in one step of the server.
 *
 * ```
 * KEYS[1] the bucket
 * ARGV[1] the version it must have now, '' for no key
 * ARGV[2] the version that it gets
 * ARGV[3] lifetime of the key in milliseconds
 * ARGV[4] '1': write it whole, which removes what it held; '0': apply changes
 * ARGV[5] with changes: the most fields that it should have afterwards
 * ARGV[6] n, the number of fields to delete
 * ARGV[7] and on: these n fields, then fields and values to set
 *
 * {1}          the bucket is at the new version
 * {0, version} it is at another version ('' for no key): nothing was done
 * {2}          the bucket is at the new version, but has too many fields: a whole write removes expired ones
 * ```
 *
 * The version is written last. A key of another type is removed. A server without memory refuses a script
 * at its first command that takes memory, and at no later one. DEL takes none, so a whole write begins with
 * an HSET before its DEL. All commands are known to Redis 6.2. Arguments go in slices of 1,000, since Lua's
 * stack holds about 8,000.
 */
const SOURCE = `
local key, at = KEYS[1], redis.pcall('HGET', KEYS[1], '#') or ''
if type(at) == 'table' then
  redis.call('DEL', key)
  at = ''
end
if at ~= ARGV[1] then
  if at == ARGV[2] then return {1} end
  return {0, at}
end
local whole, ttl, removed = ARGV[4] == '1', tonumber(ARGV[3]), tonumber(ARGV[6])
if whole then
  redis.call('HSET', key, '#', '')
  redis.call('DEL', key)
end
local function each(command, from, to)
  for i = from, to, 1000 do redis.call(command, key, unpack(ARGV, i, math.min(i + 999, to))) end
end
each('HDEL', 7, 6 + removed)
each('HSET', 7 + removed, #ARGV)
redis.call('HSET', key, '#', ARGV[2])
if not whole then ttl = math.max(ttl, redis.call('PTTL', key)) end
redis.call('PEXPIRE', key, string.format('%.0f', ttl))
if not whole and redis.call('HLEN', key) > tonumber(ARGV[5]) then return {2} end
return {1}
`.trim()

/** The script and its SHA-1 in hexadecimal, for EVAL and EVALSHA. */
export const BUCKET_SCRIPT = { source: SOURCE, sha: createHash('sha1').update(SOURCE).digest('hex') }

/** The field of a bucket that holds its version; the others are 6 bytes. */
export const VERSION_FIELD = '#'
