import { GUARD, PRELUDE } from './prelude.js'
import { Script } from './script.js'
import { SESSION_KEYS } from './session-part.js'

// Each reads one snapshot. A row is returned after its family.

/** Rows that one step looks at: a few milliseconds of the server. */
const STEP_ROWS = 2048
/** Minutes before the newest one, for which a salt is kept if nobody drops it. */
const SALTS_KEPT = 1440

/** ARGV 4 family: its row, or nothing. */
export const GET_SESSION = new Script(`${PRELUDE}${GUARD}${SESSION_KEYS}
return call('HGET', familyKey(indexOf(ARGV[4])), ARGV[4])
`)

/**
 * A page of the rows of a user or a login, in the order in which they joined.
 *
 * ```
 * ARGV 4 'u' or 'l', 5 the name, 6 limit, 7 the families of the page, or '' for the first one
 * {the last version that was given, rows, the families that the first page leaves}
 * ```
 */
export const LIST_SESSIONS = new Script(`${PRELUDE}${GUARD}${SESSION_KEYS}
local kind, name, upto = ARGV[4], ARGV[5], 16 * tonumber(ARGV[6])
local all, found = ARGV[7], {}
if all == '' then all = call('HGET', nameKey(kind, name), name) or '' end
for i = 1, math.min(#all, upto), 16 do
  local family = sub(all, i, i + 15)
  local r = call('HGET', familyKey(indexOf(family)), family)
  if r then
    local sid, _, user = names(r)
    -- It may have left since the first page.
    if name == (kind == 'u' and user or sid) then
      found[#found + 1] = family
      found[#found + 1] = r
    end
  end
end
return {call('HGET', KEYS[1], 'sessions') or '0', found, sub(all, upto + 1)}
`)

/**
 * The rows of whole hashes, in no order.
 *
 * ```
 * ARGV 4 from this hash, 5 until so many rows
 * {the next hash, rows}
 * ```
 */
export const PAGE_SESSIONS = new Script(`${PRELUDE}${GUARD}${SESSION_KEYS}
local b, found = tonumber(ARGV[4]), {}
while b < 4096 and #found < 2 * math.min(tonumber(ARGV[5]), ${STEP_ROWS}) do
  for _, part in ipairs(call('HGETALL', familyKey(b))) do found[#found + 1] = part end
  b = b + 1
end
return {b, found}
`)

/** ARGV 4 the minute: its salt, or nothing. */
export const GET_SALT = new Script(`${PRELUDE}${GUARD}
return call('HGET', at .. 't:' .. ns, ARGV[4])
`)

/**
 * Deletes the rows that are past their time in the next hashes, and salts that nobody dropped.
 *
 * ```
 * ARGV 4 from this hash, 5 milliseconds since 1970: rows that are to go before
 * {the next hash; 0 after the last one, number of deleted rows}
 * ```
 */
export const PURGE_SESSIONS = new Script(`${PRELUDE}${GUARD}${SESSION_KEYS}
local b, before, looked, deleted = tonumber(ARGV[4]), tonumber(ARGV[5]), 0, 0
local function leave(kind, name, family)
  local key = nameKey(kind, name)
  local all, rest = call('HGET', key, name) or '', {}
  for i = 1, #all, 16 do
    local other = sub(all, i, i + 15)
    if other ~= family then rest[#rest + 1] = other end
  end
  if #rest == 0 then call('HDEL', key, name) else call('HSET', key, name, table.concat(rest)) end
end
if b == 0 then
  local minutes, newest = call('HKEYS', at .. 't:' .. ns), 0
  for _, minute in ipairs(minutes) do newest = math.max(newest, tonumber(minute)) end
  for _, minute in ipairs(minutes) do
    if tonumber(minute) < newest - ${SALTS_KEPT} then call('HDEL', at .. 't:' .. ns, minute) end
  end
end
while b < 4096 and looked < ${STEP_ROWS} do
  local all = call('HGETALL', familyKey(b))
  for i = 1, #all, 2 do
    local family, r = all[i], all[i + 1]
    if take('>I7', r, 15) < before then
      call('HDEL', familyKey(b), family)
      local sid, _, user = names(r)
      leave('l', sid, family)
      leave('u', user, family)
      deleted = deleted + 1
    end
  end
  looked, b = looked + #all / 2, b + 1
end
return {b % 4096, deleted}
`)
