/**
 * Failures that a script reports, as `RV-…` in the message of its error. A script fails before it has changed
 * anything, never halfway.
 */
export type ScriptFailure =
  | 'GONE' // the store is not there
  | 'OTHER' // another store, or another history of it
  | 'REPLICA' // the server is a replica
  | 'EVICTS' // the server may drop any key
  | 'NOAOF' // the server keeps no log on its disk
  | 'DAMAGED' // a part of the store is missing
  | 'LATE' // the commit came after its deadline
  | 'RIGHTS' // the user may not run a command that the scripts need
  | 'FULL' // the store has 65,535 namespaces, the most that it can have

/** Leading bits of a digest that choose one of the hashes of the index. */
export const INDEX_BITS = 12

/**
 * What all scripts begin with. All keys have one hash tag, and so one slot of a cluster; KEYS[1] is the head.
 *
 * ```
 * {p}:head      hash    version, id, key, created, seq, tag, tolerance, purged,
 *                       ns:<name> → number, and by this number bits:<ns>, rows:<ns>
 * {p}:commits   stream  <seq of the last change>-0 → tag of the commit; the oldest are trimmed
 * {p}:segs      zset    the numbers of the segments that have rows, and -1, which shows that the key is there
 * {p}:s:<n>     hash    segment: the rows with seq from 32 n to 32 n + 31, in pieces. The piece k of a row is
 *                       the field seq % 32 + 32 k: 64 bytes, which keeps the hash small, the eighth the rest
 * {p}:i:<ns>:<b> hash   index: digest → seq of its row, and a field '.', which shows that the key is there
 * {p}:m:<ns>    string  a bit for each hash of the index that there is, then a byte that shows this key is
 * {p}:v:<ns>    hash    bucket → version for a prefix cache: seq, tag, up to 7 earlier tags
 * {p}:writers   hash    of each process its last batch: it has one on its way
 * ```
 *
 * A row lives at the number of its last change, so the segments are the log. That each part names the next
 * one shows when a key was lost. Scripts build the names of keys themselves: which segment a commit goes to
 * is not known before.
 */
export const PRELUDE = `
local at, call, sub, byte, floor = string.sub(KEYS[1], 1, -5), redis.call, string.sub, string.byte, math.floor
local pack, take = struct.pack, struct.unpack
local function fail(code) error('RV-' .. code, 0) end
local function text(n) return string.format('%.0f', n) end
local function clock()
  local t = call('TIME')
  return t[1] * 1000 + floor(t[2] / 1000)
end
local function primary()
  if not string.find(call('INFO', 'replication'), 'role:master', 1, true) then fail('REPLICA') end
end
`

/**
 * The guard: this is still the store that was opened, on a primary.
 * ARGV: 1 the id of the store, 2 the namespace, 3 its number.
 */
export const GUARD = `
primary()
local h = call('HMGET', KEYS[1], 'id', 'seq', 'tag', 'tolerance', 'ns:' .. ARGV[2], 'bits:' .. ARGV[3],
  'rows:' .. ARGV[3])
if not h[1] then fail('GONE') end
if h[1] ~= ARGV[1] or h[5] ~= ARGV[3] then fail('OTHER') end
local seq, tag, tolerance, ns, bits = tonumber(h[2]), h[3], tonumber(h[4]), ARGV[3], tonumber(h[6])
local own, count = tonumber(ns), tonumber(h[7])
if not (seq and tag and tolerance and bits and count) then fail('DAMAGED') end
-- A namespace with rows has versions: without them, a bucket would seem to be empty.
local function unharmed()
  local parts = call('EXISTS', at .. 'segs', at .. 'commits', at .. 'v:' .. ns)
  if parts < 1 + (seq > 0 and 1 or 0) + (count > 0 and 1 or 0) then fail('DAMAGED') end
end
local function keeps()
  local policy = string.match(call('INFO', 'memory'), 'maxmemory_policy:(%S+)')
  if policy and sub(policy, 1, 7) == 'allkeys' then fail('EVICTS') end
end
local function segment(n) return at .. 's:' .. text(floor(n / 32)) end
local function fields(n)
  local i = n % 32
  return i, i + 32, i + 64, i + 96, i + 128, i + 160, i + 192, i + 224
end
local function unlist(n)
  if call('EXISTS', segment(n)) == 0 then call('ZREM', at .. 'segs', text(floor(n / 32))) end
end
local function index(b) return at .. 'i:' .. ns .. ':' .. b end
local function indexOf(digest) return byte(digest, 1) * 16 + floor(byte(digest, 2) / 16) end
local function bucketOf(digest)
  local a, b, c = byte(digest, 1, 3)
  return floor((a * 65536 + b * 256 + c) / 2 ^ (24 - bits))
end
local function row(n)
  local p = call('HMGET', segment(n), fields(n))
  if not p[1] then fail('DAMAGED') end
  for k = 2, 8 do
    if not p[k] then return table.concat(p, '', 1, k - 1) end
  end
  return table.concat(p)
end
local function find(digest)
  local b = indexOf(digest)
  local p = call('HMGET', index(b), digest, '.')
  if p[1] then return tonumber(p[1]) end
  if not p[2] and (call('GETBIT', at .. 'm:' .. ns, b) == 1 or call('STRLEN', at .. 'm:' .. ns) == 0) then
    fail('DAMAGED')
  end
end
`

/**
 * Reading the log. `walk` visits the rows with numbers from `from` to `to` in order, `limit` of them at most.
 * It returns the number of the last one, and whether there is none after it up to `to`. A visit that
 * returns true is the last one.
 */
export const LOG = `
local function tagAt(n)
  if n == 0 then return '' end
  local commit = call('XRANGE', at .. 'commits', text(n) .. '-0', '+', 'COUNT', 1)[1]
  return commit and commit[2][2] or ''
end
local function whole(pieces, i)
  local row = pieces[i]
  for k = i + 32, i + 224, 32 do
    if not pieces[k] then break end
    row = row .. pieces[k]
  end
  return row
end
local function walk(from, to, limit, visit)
  local looked, last, k = 0, from - 1, floor(from / 32)
  unharmed()
  while true do
    local names = call('ZRANGEBYSCORE', at .. 'segs', text(k), text(floor(to / 32)), 'LIMIT', 0, 32)
    for _, name in ipairs(names) do
      k = tonumber(name)
      local all, pieces = call('HGETALL', at .. 's:' .. name), {}
      if #all == 0 then fail('DAMAGED') end
      for j = 1, #all, 2 do pieces[tonumber(all[j])] = all[j + 1] end
      for i = 0, 31 do
        local n = k * 32 + i
        if pieces[i] and n >= from and n <= to then
          if looked == limit then return last, false end
          looked, last = looked + 1, n
          if visit(n, pieces, i) then return last, n == to end
        end
      end
    end
    if #names < 32 then return to, true end
    k = k + 1
  end
end
local function isOwn(piece) return take('>I2', piece, 17) == own end
`
