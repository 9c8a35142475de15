import { GUARD, PRELUDE } from './prelude.js'
import { Script } from './script.js'
import { SESSION_PART } from './session-part.js'

/** Commits that are kept, about. A follower whose position is older loads the store again. */
export const COMMITS_KEPT = 200_000

/** Earlier versions remembered for each bucket. From any of them, a reader gets only the later changes. */
const EARLIER_TAGS = 7

/** One mutation after the other, by the rules of `Mutation` and `Written`; in memory only. */
const APPLY = `
local function has(flags, bit) return floor(flags / bit) % 2 == 1 end
local TIMES, TEXTS = {[4] = 'start', [8] = 'before', [16] = 'through'}, {[32] = 'reason', [64] = 'actor'}
local function decode(r)
  local flags, pos, n = byte(r, 19), 34
  local d = {selector = has(flags, 2)}
  d.expires, d.at = take('>I7I7', r, 20)
  for bit = 2, 4 do
    if has(flags, 2 ^ bit) then d[TIMES[2 ^ bit]], pos = take('>I7', r, pos) end
  end
  for bit = 5, 6 do
    if has(flags, 2 ^ bit) then
      n, pos = take('>I4', r, pos)
      d[TEXTS[2 ^ bit]], pos = sub(r, pos, pos + n - 1), pos + n
    end
  end
  d.target = sub(r, pos)
  return d
end
local function encode(start, d)
  local flags, rest = 1 + (d.selector and 2 or 0), {}
  for bit = 2, 4 do
    local time = d[TIMES[2 ^ bit]]
    if time then flags, rest[#rest + 1] = flags + 2 ^ bit, pack('>I7', time) end
  end
  for bit = 5, 6 do
    local words = d[TEXTS[2 ^ bit]]
    if words then flags, rest[#rest + 1] = flags + 2 ^ bit, pack('>I4', #words) .. words end
  end
  return start .. string.char(flags) .. pack('>I7I7', d.expires, d.at) .. table.concat(rest) .. d.target
end
local function isLive(old, moment)
  return old and byte(old, 19) % 2 == 1 and (take('>I7', old, 20) + honoured) * 1000 > moment
end
-- A live row is only widened. Without a cutoff it matches every token: later than any cutoff.
local function merge(old, new)
  local o, d = decode(old), decode(new)
  local ours, theirs = d.through or math.huge, o.through or math.huge
  local later = ours > theirs or (d.through and ours == theirs and (d.before or 0) > (o.before or 0))
  local already = theirs >= ours and not ((o.start or 0) > d.at and (d.start or 0) <= d.at)
  d.expires = math.max(o.expires, d.expires)
  d.start = o.start and d.start and math.min(o.start, d.start)
  if not later then d.at, d.before, d.through = o.at, o.before, o.through end
  d.reason, d.actor = d.reason or o.reason, d.actor or o.actor
  return encode(sub(new, 1, 18), d), d.expires, already, d.start
end
-- Returns the new row, its expiry, whether the old one did all of it, and when it starts; nil: no change.
local function applied(old, new)
  local moment = take('>I7', new, 27)
  local live = isLive(old, moment)
  if byte(new, 19) % 2 == 0 then
    plain = false
    if not live then return nil end
    local flags = string.char(byte(old, 19) - 1)
    return sub(old, 1, 18) .. flags .. sub(old, 20, 26) .. sub(new, 27, 33) .. sub(old, 34),
      take('>I7', old, 20), false, nil
  end
  if not live then
    return new, take('>I7', new, 20), false, has(byte(new, 19), 4) and take('>I7', new, 34)
  end
  plain = false
  return merge(old, new)
end
`

/**
 * Applies a batch, numbers its changes without gaps, and gives them a tag. All is worked out before the first
 * key is changed. The same batch again returns the same answer: so a batch whose answer was lost is sent
 * again.
 *
 * ```
 * ARGV 4 tag, 5 name of the process, 6 number of its batch, 7 deadline by the server's clock,
 *      8 the engine's clock tolerance, 9 '1': demand an append-only file,
 *      10 the rows: each its length in 4 bytes, then as in row-codec.ts; one that revokes nothing takes back,
 *      11 commits of refresh tokens among them
 *
 * {base, previous tag, seq, bits, results, made}
 *      results: '' if each row is new in the store, otherwise for each seq, expiry, flags (1 already,
 *      2 with a start), start; made: for each commit of refresh tokens '1' if it was made
 * ```
 */
export const WRITE = new Script(`${PRELUDE}${GUARD}
local now, batch, plain = clock(), tonumber(ARGV[6]), true
local honoured = math.max(tolerance, tonumber(ARGV[8]))
local writers, answered = at .. 'writers', call('HGET', at .. 'writers', ARGV[5])
if answered then
  local a = cmsgpack.unpack(answered)
  if a[3] == ARGV[4] then
    -- A write, so that a WAIT after it waits for the batch as well.
    call('HSET', writers, ARGV[5], answered)
    return {a[4], a[5], a[6], a[7], a[8], a[9]}
  end
  if a[1] >= batch then fail('LATE') end
end
if now > tonumber(ARGV[7]) then fail('LATE') end
if ARGV[9] == '1' and not string.find(call('INFO', 'persistence'), 'aof_enabled:1', 1, true) then
  fail('NOAOF')
end
keeps()
unharmed()
local marks = call('GET', at .. 'm:' .. ns)
if not marks then fail('DAMAGED') end
${APPLY}
local base, previous, pos = seq, tag, 1
local states, order, results = {}, {}, {}
${SESSION_PART}
while pos <= #ARGV[10] do
  local length
  length, pos = take('>I4', ARGV[10], pos)
  local new = sub(ARGV[10], pos, pos + length - 1)
  pos = pos + length
  local digest, wanted = sub(new, 1, 16), judge(mutation)
  mutation = mutation + 1
  local state = states[digest]
  if wanted and not state then
    local old = find(digest)
    state = {old = old, row = old and row(old)}
    if old and sub(state.row, 1, 16) ~= digest then fail('DAMAGED') end
    states[digest], order[#order + 1] = state, digest
  end
  local made, expires, already, start
  if wanted then made, expires, already, start = applied(state.row, new) else plain = false end
  if made then
    seq = seq + 1
    state.row, state.seq = made, seq
    results[#results + 1] = {seq, expires, already, start}
  else
    results[#results + 1] = {0, 0}
  end
end
judge(math.huge)

putSessions()
local touched, segments, rows = {}, {}, 0
for _, digest in ipairs(order) do
  local state = states[digest]
  if state.seq then
    local b, n = indexOf(digest), state.seq
    if floor(byte(marks, floor(b / 8) + 1) / 2 ^ (7 - b % 8)) % 2 == 0 then
      call('HSET', index(b), '.', '', digest, text(n))
      call('SETBIT', at .. 'm:' .. ns, b, 1)
    else
      call('HSET', index(b), digest, text(n))
    end
    local k = floor(n / 32)
    local pieces = segments[k] or {}
    for piece = 0, 7 do
      local from = piece * 64 + 1
      if from > #state.row then break end
      pieces[#pieces + 1] = n % 32 + 32 * piece
      pieces[#pieces + 1] = sub(state.row, from, piece == 7 and -1 or from + 63)
    end
    segments[k] = pieces
    local bucket = bucketOf(digest)
    touched[bucket] = math.max(touched[bucket] or 0, n)
    if not state.old then rows = rows + 1 end
  end
end
for k, pieces in pairs(segments) do
  call('HSET', at .. 's:' .. text(k), unpack(pieces))
  call('ZADD', at .. 'segs', text(k), text(k))
end
for _, digest in ipairs(order) do
  local state = states[digest]
  if state.seq and state.old then
    call('HDEL', segment(state.old), fields(state.old))
    unlist(state.old)
  end
end
if seq > base then
  tag = ARGV[4]
  for bucket, last in pairs(touched) do
    local version = call('HGET', at .. 'v:' .. ns, text(bucket))
    local earlier = version and sub(version, 8, 7 + ${EARLIER_TAGS * 8}) or ''
    call('HSET', at .. 'v:' .. ns, text(bucket), pack('>I7', last) .. tag .. earlier)
  end
  call('XADD', at .. 'commits', 'MAXLEN', '~', ${COMMITS_KEPT}, text(seq) .. '-0', 't', tag)
  call('HSET', KEYS[1], 'seq', text(seq), 'tag', tag)
  if rows > 0 then call('HINCRBY', KEYS[1], 'rows:' .. ns, rows) end
end
local packed = {}
for i, r in ipairs(plain and {} or results) do
  local flags = (r[3] and 1 or 0) + (r[4] and 2 or 0)
  packed[i] = pack('>I7I7BI7', r[1], r[2], flags, r[4] or 0)
end
packed = table.concat(packed)
local made = table.concat(madeOnes)
call('HSET', writers, ARGV[5], cmsgpack.pack({batch, now, ARGV[4], base, previous, seq, bits, packed, made}))
return {base, previous, seq, bits, packed, made}
`)
