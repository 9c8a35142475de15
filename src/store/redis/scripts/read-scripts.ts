import { GUARD, LOG, PRELUDE } from './prelude.js'
import { Script } from './script.js'

// What they return of a row: its number in 7 bytes, a length in 4, then so many bytes of it as in
// row-codec.ts. Each script is one step of the server, and so one snapshot.

/** Rows that a page looks at: a few milliseconds of the server. */
const PAGE_ROWS = 4096
/** Bytes of a row up to its expiry: all that a poll needs of a single token. */
const START_BYTES = 26

/**
 * ```
 * ARGV 4 digest
 * {seq, row}, or nothing
 * ```
 */
export const GET = new Script(`${PRELUDE}${GUARD}
local n = find(ARGV[4])
if not n then return false end
local found = row(n)
if sub(found, 1, 16) ~= ARGV[4] then fail('DAMAGED') end
return {n, found}
`)

/**
 * ```
 * ARGV 4 and 5 number and tag of the position, 6 number of the newest one that was seen, 7 limit,
 *      8 '1': with the versions of the changed buckets
 * {seq, tag, tolerance, clock}                       nothing has changed
 * {…, tag at 4, tag at 6, last number, its tag, '1' if there is no later one, rows, bits, versions}
 * ```
 */
export const POLL = new Script(`${PRELUDE}${GUARD}${LOG}
keeps()
local after, seen = tonumber(ARGV[4]), tonumber(ARGV[6])
local reply = {seq, tag, tolerance, clock()}
if seq == after and seen == after and tag == ARGV[5] then return reply end
if tagAt(seq) ~= tag then fail('DAMAGED') end
local found, changed = {}, {}
local last, complete = walk(after + 1, seq, tonumber(ARGV[7]), function(n, pieces, i)
  local piece = pieces[i]
  if not isOwn(piece) then return end
  local bytes = floor(byte(piece, 19) / 2) % 2 == 1 and whole(pieces, i) or sub(piece, 1, ${START_BYTES})
  found[#found + 1] = pack('>I7I4', n, #bytes) .. bytes
  if ARGV[8] == '1' then changed[bucketOf(piece)] = true end
end)
local versions = {}
for bucket in pairs(changed) do
  local version = call('HGET', at .. 'v:' .. ns, text(bucket))
  if not version then fail('DAMAGED') end
  versions[#versions + 1] = bucket
  versions[#versions + 1] = sub(version, 1, 15)
end
for _, more in ipairs({tagAt(after), tagAt(seen), last, tagAt(last), complete and '1' or '0',
  table.concat(found), bits, versions}) do reply[#reply + 1] = more end
return reply
`)

/** The tags of the commits that contain the numbers from ARGV 4 on; '' for 0, and for one after the head. */
export const TAGS = new Script(`${PRELUDE}${GUARD}${LOG}
unharmed()
local tags = {}
for i = 4, #ARGV do tags[#tags + 1] = tagAt(tonumber(ARGV[i])) end
return tags
`)

/**
 * ```
 * ARGV 4 after this number, 5 limit, 6 only rows that expire after this, 7 '', 'token' or 'selector'
 * {last number looked at, '1' if there is no later one, rows}
 * ```
 */
export const LIST = new Script(`${PRELUDE}${GUARD}${LOG}
local limit, liveAfter, found = tonumber(ARGV[5]), tonumber(ARGV[6]), {}
local last, complete = walk(tonumber(ARGV[4]) + 1, seq, ${PAGE_ROWS}, function(n, pieces, i)
  local piece = pieces[i]
  local kind = floor(byte(piece, 19) / 2) % 2 == 1 and 'selector' or 'token'
  if not isOwn(piece) or take('>I7', piece, 20) <= liveAfter then return end
  if ARGV[7] ~= '' and ARGV[7] ~= kind then return end
  local bytes = whole(pieces, i)
  found[#found + 1] = pack('>I7I4', n, #bytes) .. bytes
  return #found == limit
end)
return {last, complete and '1' or '0', table.concat(found)}
`)

/** Where a scan begins: `{seq, tag, rows of the namespace}`. */
export const BEGIN_SCAN = new Script(`${PRELUDE}${GUARD}
return {seq, tag, count}
`)

/**
 * A page of a scan: of the live revocations, up to the head at its beginning. What is changed meanwhile has a
 * later number, and a poll from that head delivers it.
 *
 * ```
 * ARGV 4 from this number, 5 and 6 number and tag of that head, 7 only rows that expire after this
 * {last number looked at, '1' if there is no later one, digests, expiries as doubles, rows of selectors}
 * ```
 */
export const SCAN = new Script(`${PRELUDE}${GUARD}${LOG}
keeps()
local to, liveAfter = tonumber(ARGV[5]), tonumber(ARGV[7])
if to > seq or tagAt(to) ~= ARGV[6] then fail('OTHER') end
local digests, expiries, selectors = {}, {}, {}
local last, complete = walk(tonumber(ARGV[4]), to, ${PAGE_ROWS}, function(n, pieces, i)
  local piece = pieces[i]
  local expires, flags = take('>I7', piece, 20), byte(piece, 19)
  if flags % 2 == 0 or expires <= liveAfter or not isOwn(piece) then return end
  digests[#digests + 1], expiries[#expiries + 1] = sub(piece, 1, 16), pack('<d', expires)
  if floor(flags / 2) % 2 == 1 then
    local bytes = whole(pieces, i)
    selectors[#selectors + 1] = pack('>I7I4', n, #bytes) .. bytes
  end
end)
return {last, complete and '1' or '0', table.concat(digests), table.concat(expiries), table.concat(selectors)}
`)
