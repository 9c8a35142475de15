-- Asks `revocade serve` before a request passes. For HAProxy 2.5 or newer, which has an HTTP client for Lua.
-- In the configuration: http-request lua.revocade http://127.0.0.1:8521/check

local TIMEOUT_MS = 500
local COPIED = { "x-revocade-status", "x-revocade-verified" }

local function first(headers, name)
  local values = headers and headers[name]
  return values and values[0]
end

core.register_action("revocade", { "http-req" }, function(txn, url)
  -- Every line of the header: the sidecar refuses two.
  local question = {}
  local given = txn.http:req_get_headers()["authorization"]
  if given then
    local lines = {}
    for _, line in pairs(given) do lines[#lines + 1] = line end
    question["authorization"] = lines
  end

  local client = core.httpclient()
  local ok, answer = pcall(function()
    return client:get { url = url, headers = question, timeout = TIMEOUT_MS }
  end)
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
