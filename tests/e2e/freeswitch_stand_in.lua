-- What docs/gateways/freeswitch.lua uses of FreeSWITCH, for test_freeswitch_login.py.
-- arg[1]: the script; arg[2]: a Lua file that returns a list of events.
local events, shown, ended = dofile(arg[2]), 0, false

local Event = {}
Event.__index = Event
function Event:getHeader(name)
  if self.broken then error("broken") end
  return self.headers[name]
end

local Consumer = {}
Consumer.__index = Consumer
function Consumer:pop(block, timeout)
  if self.name == "SHUTDOWN" then
    return ended and setmetatable({ headers = {} }, Event) or nil
  end
  -- It must come back by itself, or the end of FreeSWITCH is never seen.
  assert(block == 1 and timeout > 0 and timeout <= 1000, "it waits without a limit")
  shown = shown + 1
  if shown > #events then
    ended = true
    return nil
  end
  local headers = events[shown]
  return headers ~= "timeout" and setmetatable({ headers = headers, broken = headers == "broken" }, Event) or nil
end

freeswitch = {
  EventConsumer = function(name, subclass, length)
    assert(type(length) == "number" and length <= 5000, "a queue without a limit")
    assert(name ~= "CUSTOM" or subclass == "sofia::register_attempt", subclass)
    return setmetatable({ name = name }, Consumer)
  end,
  -- switch_log_meta_vprintf() of switch_log.c
  consoleLog2 = function(level, file, func, line, text)
    io.write("2026-11-25 15:56:36.465766 99.83% [", string.upper(level), "] ", file, ":", line, " ", text)
  end,
}
dofile(arg[1])
assert(ended, "it ended before FreeSWITCH did")
