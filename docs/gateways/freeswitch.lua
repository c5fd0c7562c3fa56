-- Logs of each successful login through FreeSWITCH from where it came, which FreeSWITCH
-- itself does not. mod_lua starts it with FreeSWITCH (startup-script in lua.conf.xml).
-- How to switch it on, and what its lines are worth: freeswitch.md, beside this file.
--
-- It needs nothing but the freeswitch object, and is in no way of any call: what mod_sofia
-- says goes into a queue, and is read in a thread of its own.

-- Events that may wait. If it is full, FreeSWITCH drops the event and logs an error; that
-- a success was not seen does no harm.
local QUEUE = 1000
-- How long it may take until an end of FreeSWITCH is seen, in milliseconds.
local PATIENCE = 500
-- Lua does not know that an event holds some kilobytes outside of it.
local COLLECT_EVERY = 100
local USER_MAX = 64

-- With a qop, a first login is RENEWED as well (sofia_reg_parse_auth()).
local GOOD = { SUCCESS = true, RENEWED = true }

-- The name that its lines have in the log, so that no other script's come along.
local FILE = "sipwarden.lua"

local function say(level, text)
  freeswitch.consoleLog2(level, FILE, "say", 1, text .. "\n")
end

-- What a sender wrote, so that it ends neither its quotes nor the line.
local function tame(text)
  return (string.gsub(string.sub(text or "", 1, USER_MAX), "[^A-Za-z0-9@.:;,_~*#+=/-]", "?"))
end

-- Of the forms that FreeSWITCH itself writes, and nothing else.
local function source(event)
  local address = event:getHeader("network-ip") or ""
  local port = event:getHeader("network-port") or ""

  if #address > 45 or not (string.find(address, "^%d+%.%d+%.%d+%.%d+$") or string.find(address, "^[%x.]*:[%x:.]*$")) then
    return nil
  end
  if not string.find(port, "^%d%d?%d?%d?%d?$") then
    return nil
  end
  return address, port
end

local function note(event)
  if event:getHeader("Event-Subclass") ~= "sofia::register_attempt" or not GOOD[event:getHeader("auth-result") or ""] then
    return
  end
  local address, port = source(event)
  if address then
    say("notice", "sipwarden auth-success src=" .. address .. " port=" .. port .. " user='" .. tame(event:getHeader("username")) .. "'")
  end
end

local logins = freeswitch.EventConsumer("CUSTOM", "sofia::register_attempt", QUEUE)
-- Its own queue: however many logins wait, the end is seen.
local ending = freeswitch.EventConsumer("SHUTDOWN", "", 4)
local seen = 0

while not ending:pop(0) do
  local event = logins:pop(1, PATIENCE)

  if event then
    -- Whatever an event is like, the next is read.
    local fine, why = pcall(note, event)
    if not fine then
      say("err", "sipwarden cannot read an event: " .. tame(tostring(why)))
    end
    event = nil
    seen = seen + 1
    if seen % COLLECT_EVERY == 0 then
      collectgarbage()
    end
  end
end
