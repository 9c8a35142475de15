import { GUARD, INDEX_BITS, LOG, PRELUDE } from './prelude.js'
import { Script } from './script.js'

/** The versions of all buckets: `{bits, seq, tag, {bucket, version, …}}`. */
export const VERSIONS = new Script(`${PRELUDE}${GUARD}
unharmed()
local all = call('HGETALL', at .. 'v:' .. ns)
for j = 2, #all, 2 do all[j] = sub(all[j], 1, 15) end
return {bits, seq, tag, all}
`)

/**
 * One bucket from one snapshot: the changes since a version if the bucket's recent history has its tag,
 * otherwise the whole bucket if it has at most `max` rows.
 *
 * ```
 * ARGV 4 bucket, 5 bits, 6 and 7 number and tag of the version ('' for the whole bucket), 8 max
 * {bits now}                                              there are more buckets
 * {bits, number of rows}                                  too many
 * {bits, number of rows, version or '', '1' if whole, the first pieces of the rows, with lengths}
 * ```
 */
export const BUCKET = new Script(`${PRELUDE}${GUARD}
unharmed()
local bucket, after, since = tonumber(ARGV[4]), tonumber(ARGV[6]), ARGV[7]
if tonumber(ARGV[5]) ~= bits then return {bits} end
local version, known = call('HGET', at .. 'v:' .. ns, text(bucket)) or '', false
if version == '' then known = since == string.rep('\\0', 8) end
for from = 8, #version, 8 do known = known or sub(version, from, from + 7) == since end
local narrow = bits > ${INDEX_BITS}
local width = narrow and 1 or 2 ^ (${INDEX_BITS} - bits)
local first = narrow and floor(bucket / 2 ^ (bits - ${INDEX_BITS})) or bucket * width
local marks = call('GET', at .. 'm:' .. ns)
if not marks then fail('DAMAGED') end
local found, numbers = 0, {}
for b = first, first + width - 1 do
  if floor(byte(marks, floor(b / 8) + 1) / 2 ^ (7 - b % 8)) % 2 == 1 then
    local all = call('HGETALL', index(b))
    if #all == 0 then fail('DAMAGED') end
    for j = 1, #all, 2 do
      if all[j] ~= '.' and (not narrow or bucketOf(all[j]) == bucket) then
        found = found + 1
        local n = tonumber(all[j + 1])
        if not known or n > after then numbers[#numbers + 1] = n end
      end
    end
  end
end
if not known and found > tonumber(ARGV[8]) then return {bits, found} end
local pieces = {}
for _, n in ipairs(numbers) do
  local piece = call('HGET', segment(n), n % 32)
  if not piece then fail('DAMAGED') end
  if known or byte(piece, 19) % 2 == 1 then pieces[#pieces + 1] = pack('>I7I4', n, #piece) .. piece end
end
return {bits, found, sub(version, 1, 15), known and '0' or '1', table.concat(pieces)}
`)

/**
 * Splits a namespace into 2^bits buckets (ARGV 4). Each part inherits the version of the bucket it was part
 * of.
 */
export const SPLIT = new Script(`${PRELUDE}${GUARD}
local wanted = tonumber(ARGV[4])
if wanted <= bits then return 0 end
local parts, key = 2 ^ (wanted - bits), at .. 'v:' .. ns
local all = call('HGETALL', key)
call('HSET', KEYS[1], 'bits:' .. ns, text(wanted))
call('DEL', key)
for j = 1, #all, 2 do
  for part = 0, parts - 1 do call('HSET', key, text(tonumber(all[j]) * parts + part), all[j + 1]) end
end
return 1
`)

/** Milliseconds between two purges of one store, whichever engine makes them. */
const PURGE_EVERY_MS = 60_000
/** Milliseconds after which the last batch of a process is forgotten. No batch is on its way for so long. */
const WRITER_KEPT_MS = 86_400_000
/** Segments looked at in one step of a purge: few milliseconds, so that no commit waits long for it. */
const PURGE_SEGMENTS = 16

/**
 * Deletes the expired rows of all namespaces in the next segments. The first command that changes something
 * takes no memory, because a server without memory refuses others. `next` is -1 after the last segment, and
 * when another engine has purged a moment ago.
 *
 * ```
 * ARGV 4 from this segment, 5 '1': also if another engine has purged, 6 expired before, 7 own tolerance
 * {next, number of deleted rows}
 * ```
 */
export const PURGE = new Script(`${PRELUDE}${GUARD}${LOG}
local from, now = tonumber(ARGV[4]), clock()
if from == 0 then
  local last = tonumber(call('HGET', KEYS[1], 'purged')) or 0
  if ARGV[5] ~= '1' and now - last < ${PURGE_EVERY_MS} then return {-1, 0} end
  local all = call('HGETALL', at .. 'writers')
  for j = 1, #all, 2 do
    local age = now - cmsgpack.unpack(all[j + 1])[2]
    if age > ${WRITER_KEPT_MS} then call('HDEL', at .. 'writers', all[j]) end
  end
end
local before = tonumber(ARGV[6]) - math.max(0, tolerance - tonumber(ARGV[7]))
local names = call('ZRANGEBYSCORE', at .. 'segs', text(from), '+inf', 'LIMIT', 0, ${PURGE_SEGMENTS})
local deleted, next = {}, -1
local function unindex(piece)
  local digest, namespace = sub(piece, 1, 16), text(take('>I2', piece, 17))
  local b = indexOf(digest)
  local key = at .. 'i:' .. namespace .. ':' .. b
  call('HDEL', key, digest)
  if call('HLEN', key) == 1 then
    call('DEL', key)
    call('SETBIT', at .. 'm:' .. namespace, b, 0)
  end
  deleted[namespace] = (deleted[namespace] or 0) + 1
end
for _, name in ipairs(names) do
  local key, k = at .. 's:' .. name, tonumber(name)
  local all, expired, gone, rows = call('HGETALL', key), {}, {}, 0
  if #all == 0 then fail('DAMAGED') end
  for j = 1, #all, 2 do
    local i, piece = tonumber(all[j]), all[j + 1]
    if i < 32 then
      rows = rows + 1
      if take('>I7', piece, 20) < before then
        expired[#expired + 1] = piece
        for _, field in ipairs({fields(i)}) do gone[#gone + 1] = field end
      end
    end
  end
  if #expired == rows then call('DEL', key) elseif #expired > 0 then call('HDEL', key, unpack(gone)) end
  for _, piece in ipairs(expired) do unindex(piece) end
  unlist(k * 32)
  next = k + 1
end
if #names < ${PURGE_SEGMENTS} then next = -1 end
local total = 0
for namespace, rows in pairs(deleted) do
  total = total + rows
  call('HINCRBY', KEYS[1], 'rows:' .. namespace, -rows)
end
if from == 0 then redis.pcall('HSET', KEYS[1], 'purged', text(now)) end
return {next, total}
`)
