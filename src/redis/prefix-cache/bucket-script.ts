import { createHash } from 'node:crypto'

/**
 * Brings one bucket from one version to another, if it still is at the first: compare-and-set, in one step of the server.
 * The version is written last.
 *
 * KEYS[1] the bucket
 * ARGV    1 the version it must have now, '' for none
 *         2 the version that it gets
 *         3 how long the key lives, in milliseconds
 *         4 '1': it is written whole, what it held goes; '0': these are changes
 *         5 where these are changes: the most fields that it should have then
 *         6 n, the number of fields to delete
 *         7 … these n fields, then fields and values to set
 *
 * What is no hash is in the way, and goes. A server without memory refuses commands that take some, but no longer once a script
 * has written anything: so what is written whole begins with such a command, for DEL is none.
 *
 * Answers {1}: it is at the new version. {0, version}: it is at another one ('' for none), nothing was done.
 * {2}: done, but it holds more than it should (what has expired in the store goes only when a bucket is written whole).
 *
 * Only commands of Redis 6.2. Arguments go in slices, since Lua's stack holds some 8,000.
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

export const BUCKET_SCRIPT = { source: SOURCE, sha: createHash('sha1').update(SOURCE).digest('hex') }

/** The field of a bucket that holds its version; the others are 6 bytes. */
export const VERSION_FIELD = '#'
