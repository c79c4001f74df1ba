-- Asks Einlass whether a request may go on: `http-request lua.einlass ADDRESS closed|open`.
--
-- For HAProxy 2.6 or later with Lua, as Debian builds it; needs nothing else. ADDRESS is that of /v1/authorize
-- with its room. What the waiting room answers to those who may not go on is what they get. The last word says
-- what happens while it cannot be asked, or cannot decide: `closed` refuses with 503, `open` lets everybody
-- through.

-- HAProxy asks up to four times.
local TIMEOUT_MS = 500
-- What the question needs of the request.
local ASKED = { 'accept', 'accept-language', 'authorization', 'cookie', 'einlass-pass', 'sec-fetch-mode' }
-- What people need of an answer.
local TOLD = { 'cache-control', 'content-language', 'content-type', 'location', 'retry-after', 'www-authenticate' }
-- What the site may know. What a client sends under these names does not arrive.
local KNOWN = { 'einlass-pass-id', 'einlass-pass-ags' }

local function question(txn)
  local sent = txn.http:req_get_headers()
  local headers = {}
  for _, name in ipairs(ASKED) do
    if sent[name] then
      headers[name] = { sent[name][0] }
      for i = 1, #sent[name] do
        table.insert(headers[name], sent[name][i])
      end
    end
  end
  local scheme = txn.f:ssl_fc() == 1 and 'https' or 'http'
  headers['x-forwarded-method'] = { txn.f:method() }
  headers['x-forwarded-proto'] = { scheme }
  headers['x-forwarded-host'] = { txn.f:req_hdr('host') or '' }
  headers['x-forwarded-uri'] = { txn.f:pathq() or '/' }
  return headers
end

local function answer(txn, response)
  local reply = txn:reply({ status = response.status })
  for _, name in ipairs(TOLD) do
    if response.headers and response.headers[name] then
      reply:add_header(name, response.headers[name][0])
    end
  end
  reply:set_body(response.body or '')
  txn:done(reply)
end

local function undecided(txn)
  local reply = txn:reply({ status = 503 })
  reply:add_header('content-type', 'text/plain')
  reply:add_header('cache-control', 'no-store')
  reply:add_header('retry-after', '10')
  reply:set_body('Please try again in a moment. / Bitte versuchen Sie es gleich noch einmal.\n')
  txn:done(reply)
end

core.register_action('einlass', { 'http-req' }, function(txn, address, fail)
  for _, name in ipairs(KNOWN) do
    txn.http:req_del_header(name)
  end
  local response = core.httpclient():get({ url = address, headers = question(txn), timeout = TIMEOUT_MS })
  local status = response and response.status or 0
  if status >= 200 and status < 300 then
    for _, name in ipairs(KNOWN) do
      if response.headers[name] then
        txn.http:req_set_header(name, response.headers[name][0])
      end
    end
  elseif status == 303 or status == 401 then
    answer(txn, response)
  elseif fail ~= 'open' then
    undecided(txn)
  end
end, 2)
