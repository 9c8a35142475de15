-- Asks `revocade serve` before a request passes. For HAProxy 2.5 or newer, which has an HTTP client for Lua.
-- In the configuration: http-request lua.revocade http://127.0.0.1:8521/check

local TIMEOUT_MS = 500
local COPIED = { "x-revocade-status", "x-revocade-verified" }

-- Of one connection, or of a body. All else is handed on: a token may stand in any header.
local KEPT_BACK = {}
for name in ("host connection proxy-connection keep-alive te trailer transfer-encoding upgrade content-length expect"):gmatch("%S+") do
  KEPT_BACK[name] = true
end

-- HAProxy's client leaves out the lines beyond tune.http.maxhdr, which is 101, and says nothing.
local MAX_LINES = 100

-- The headers of the question, or nil if there are too many to ask about.
local function question_of(given)
  local headers, count = {}, 0
  for name, values in pairs(given) do
    if not KEPT_BACK[name] then
      -- Every line of a header: the sidecar refuses two. The first one has the index 0.
      local lines = {}
      for i = 0, #values do
        lines[#lines + 1] = values[i]
      end
      headers[name] = lines
      count = count + #lines
    end
  end
  return count <= MAX_LINES and headers or nil
end

local function first(headers, name)
  local values = headers and headers[name]
  return values and values[0]
end

core.register_action("revocade", { "http-req" }, function(txn, url)
  local question = question_of(txn.http:req_get_headers())
  local ok, answer
  if question then
    local client = core.httpclient()
    ok, answer = pcall(function()
      return client:get { url = url, headers = question, timeout = TIMEOUT_MS }
    end)
  end
  local status = ok and answer and answer.status or 0
  txn:set_var("txn.revocade_status", status)
  if status == 401 then
    txn:set_var("txn.revocade_challenge", first(answer.headers, "www-authenticate") or "Bearer")
  elseif status == 200 then
    for _, name in ipairs(COPIED) do
      local value = first(answer.headers, name)
      if value then txn.http:req_set_header(name, value) end
    end
  end
end, 1)
