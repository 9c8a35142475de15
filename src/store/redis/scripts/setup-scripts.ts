import { PRELUDE } from './prelude.js'
import { Script } from './script.js'

/** The version of the layout that this package writes. */
export const LAYOUT_VERSION = 1

/**
 * Finds the store, or makes it.
 *
 * ```
 * ARGV 1 '1': make it if it is not there, 2 its id, 3 and 4 name and value of its key, 5 the date
 * {'1' if it was made, version, id, key, key check}
 * ```
 */
export const OPEN = new Script(`${PRELUDE}
primary()
local made = '0'
if call('EXISTS', KEYS[1]) == 0 then
  -- A head that was lost, by eviction or by hand, is no new store.
  if call('EXISTS', at .. 'segs', at .. 'commits', at .. 'writers') > 0 then fail('DAMAGED') end
  if ARGV[1] ~= '1' then fail('GONE') end
  call('HSET', KEYS[1], 'version', ${LAYOUT_VERSION}, 'id', ARGV[2], ARGV[3], ARGV[4], 'created', ARGV[5],
    'seq', 0, 'tag', '', 'tolerance', 0, 'namespaces', 0)
  call('ZADD', at .. 'segs', -1, -1)
  made = '1'
end
local h = call('HMGET', KEYS[1], 'version', 'id', 'key', 'key_check')
return {made, h[1] or '', h[2] or '', h[3] or '', h[4] or ''}
`)

/**
 * Whether this user may run each command that changes something. A right that is missing must not show in the
 * middle of a commit.
 */
const RIGHTS = `
local function mayWrite()
  local key = at .. 'probe'
  for _, c in ipairs({
    {'HSET', key, 'a', '1'}, {'HINCRBY', key, 'a', 1}, {'HDEL', key, 'a'},
    {'SETBIT', key, 1, 1}, {'DEL', key}, {'ZADD', key, 1, 'a'}, {'ZREM', key, 'a'},
    {'XADD', key, 'MAXLEN', '~', 1, '*', 'a', 'b'}, {'DEL', key},
  }) do
    local reply = redis.pcall(unpack(c))
    local err = type(reply) == 'table' and reply.err or ''
    if string.find(err, "can't run", 1, true) or string.find(err, 'NOPERM', 1, true) then fail('RIGHTS') end
  end
end
`

/**
 * Enters a namespace, and makes it if it is not there.
 *
 * ```
 * ARGV 1 id of the store, 2 namespace, 3 clock tolerance
 * {number of the namespace, seq, tolerance, clock}
 * ```
 */
export const ENTER = new Script(`${PRELUDE}${RIGHTS}
primary()
mayWrite()
local h = call('HMGET', KEYS[1], 'id', 'seq', 'tolerance', 'ns:' .. ARGV[2])
if not h[1] then fail('GONE') end
if h[1] ~= ARGV[1] then fail('OTHER') end
local tolerance, ns = tonumber(h[3]) or 0, h[4]
if tolerance < tonumber(ARGV[3]) then
  tolerance = tonumber(ARGV[3])
  call('HSET', KEYS[1], 'tolerance', ARGV[3])
end
if not ns then
  if tonumber(call('HGET', KEYS[1], 'namespaces')) >= 65535 then fail('FULL') end
  ns = text(call('HINCRBY', KEYS[1], 'namespaces', 1))
  call('SETBIT', at .. 'm:' .. ns, 4096, 1)
  call('HSET', KEYS[1], 'ns:' .. ARGV[2], ns, 'bits:' .. ns, 0, 'rows:' .. ns, 0)
end
return {ns, tonumber(h[2]), tolerance, clock()}
`)
