/**
 * Where refresh tokens are: three kinds of hashes, each kind divided into 4096 by leading bits.
 *
 * ```
 * {p}:f:<ns>:<b>  hash  family → row, as in session-codec.ts; by the bits of the family
 * {p}:u:<ns>:<b>  hash  sub → the families of its rows, 16 bytes each; by the bits of the name's SHA-1
 * {p}:l:<ns>:<b>  hash  sid → likewise
 * {p}:t:<ns>      hash  minute → salt
 * ```
 *
 * And in the head `sessions`, the last version that was given. What is lost of these keys is as if it had
 * ended: whoever has such a refresh token logs in again.
 */
export const SESSION_KEYS = `
local function familyKey(b) return at .. 'f:' .. ns .. ':' .. b end
local function nameKey(kind, name)
  return at .. kind .. ':' .. ns .. ':' .. tonumber(sub(redis.sha1hex(name), 1, 3), 16)
end
local function names(r)
  local a, b, c = take('>I2I2I2', r, 22)
  local sid, client = 28 + a, 28 + a + b
  return sub(r, 28, sid - 1), sub(r, sid, client - 1), sub(r, client, client + c - 1)
end
`

/**
 * Judges commits of refresh tokens, in memory: `judge` works out what they change, `putSessions` writes it.
 * It needs `states`, the changes of the batch so far, and `find`.
 */
export const SESSION_PART = `
${SESSION_KEYS}
local rowsOf, changedRows, groups, salts, madeOnes = {}, {}, {}, nil, {}
local changedGroups, changedSalts, given, lastGiven = {}, {}, nil, nil
local function sessionRow(family)
  local r = rowsOf[family]
  if r == nil then
    r = call('HGET', familyKey(indexOf(family)), family)
    rowsOf[family] = r
  end
  return r
end
local function setRow(family, r) rowsOf[family], changedRows[family] = r, true end
local function members(kind, name)
  local key = kind .. name
  if not groups[key] then
    local all, list = call('HGET', nameKey(kind, name), name) or '', {}
    for i = 1, #all, 16 do list[#list + 1] = sub(all, i, i + 15) end
    groups[key] = list
  end
  return groups[key]
end
local function leave(kind, name, family)
  local list = members(kind, name)
  for i = #list, 1, -1 do
    if list[i] == family then table.remove(list, i) end
  end
  changedGroups[kind .. name] = {kind, name}
end
local function join(kind, name, family)
  -- It may be there although its row was lost.
  leave(kind, name, family)
  local list = members(kind, name)
  list[#list + 1] = family
end
local function removeSession(family)
  local r = sessionRow(family)
  if not r then return end
  local sid, _, user = names(r)
  leave('l', sid, family)
  leave('u', user, family)
  setRow(family, false)
end
local function putSession(family, rest)
  given = given + 1
  local r, old = pack('>I7', given) .. rest, sessionRow(family)
  local sid, client, user = names(r)
  if old then
    local oldSid, oldClient, oldUser = names(old)
    if oldSid == sid and oldClient == client and oldUser == user then return setRow(family, r) end
    removeSession(family)
  end
  for _, other in ipairs({unpack(members('l', sid))}) do
    local found = sessionRow(other)
    local _, theirs = names(found or r)
    if not found or theirs == client then
      removeSession(other)
      leave('l', sid, other)
    end
  end
  setRow(family, r)
  join('l', sid, family)
  join('u', user, family)
end
local function allSalts()
  if not salts then
    local all = call('HGETALL', at .. 't:' .. ns)
    salts = {}
    for i = 1, #all, 2 do salts[all[i]] = all[i + 1] end
  end
  return salts
end
local CONDITIONS = {
  -- The version of a row.
  [0] = function(key, value)
    local r = sessionRow(key)
    return (r and take('>I7', r) or 0) == value
  end,
  -- The number of a revocation.
  [1] = function(key, value)
    local state = states[key]
    return (state and state.seq or find(key) or 0) == value
  end,
}
local function group(kind)
  return function(name, wanted, newest)
    local count = 0
    for _, family in ipairs(members(kind, name)) do
      local r = sessionRow(family)
      if r then
        count = count + 1
        if take('>I7', r) > newest then return false end
      end
    end
    return count == wanted
  end
end
CONDITIONS[2], CONDITIONS[3] = group('u'), group('l')

-- ARGV 11: the commits, each as in session-codec.ts. This takes those before a mutation, and returns
-- whether that mutation is to be made.
local commits, cursor, mutation, refusedUpTo = ARGV[11], 1, 0, 0
local function read(format)
  local value
  value, cursor = take(format, commits, cursor)
  return value
end
local function bytes()
  local length = read('>I4')
  cursor = cursor + length
  return sub(commits, cursor - length, cursor - 1)
end
local function judgeNext(first, own)
  local holds, minute, salt, dropBefore = true, text(read('>I7')), bytes(), read('>I7')
  if #salt > 0 then
    local kept = allSalts()[minute]
    holds = not kept or kept == salt
  end
  for _ = 1, read('>I4') do
    local kind, key, value, newest = read('B'), bytes(), read('>I7'), read('>I7')
    holds = holds and CONDITIONS[kind](key, value, newest)
  end
  local rows = {}
  for i = 1, read('>I4') do rows[i] = bytes() end
  madeOnes[#madeOnes + 1] = holds and '1' or '0'
  if not holds then
    refusedUpTo = first + own
    return
  end
  for _, r in ipairs(rows) do putSession(sub(r, 1, 16), sub(r, 17)) end
  if #salt > 0 and not allSalts()[minute] then
    salts[minute], changedSalts[minute] = salt, true
  end
  if dropBefore > 0 then
    for kept in pairs(allSalts()) do
      if tonumber(kept) < dropBefore then salts[kept], changedSalts[kept] = nil, true end
    end
  end
end
local function judge(number)
  while cursor <= #commits and take('>I4', commits, cursor) <= number do
    local first, own = read('>I4'), read('>I4')
    judgeNext(first, own)
  end
  return number >= refusedUpTo
end
if #commits > 0 then
  -- By the clock: after a failover that lost commits, no version is given a second time.
  lastGiven = tonumber(call('HGET', KEYS[1], 'sessions')) or 0
  given = math.max(lastGiven, now * 1000)
end

local function putSessions()
  if #commits == 0 then return end
  local changed = false
  for family in pairs(changedRows) do
    local key, r = familyKey(indexOf(family)), rowsOf[family]
    if r then call('HSET', key, family, r) else call('HDEL', key, family) end
    changed = true
  end
  for key, kindAndName in pairs(changedGroups) do
    local list, kind, name = groups[key], kindAndName[1], kindAndName[2]
    if #list > 0 then call('HSET', nameKey(kind, name), name, table.concat(list))
    else call('HDEL', nameKey(kind, name), name) end
  end
  for minute in pairs(changedSalts) do
    if salts[minute] then call('HSET', at .. 't:' .. ns, minute, salts[minute])
    else call('HDEL', at .. 't:' .. ns, minute) end
  end
  if changed then call('HSET', KEYS[1], 'sessions', text(given)) end
end
`
