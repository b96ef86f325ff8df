#!lua flags=allow-oom
--[[
  Drops the lease of a run that never came to its first event, or whose events are gone, and that nobody has for long.

  KEYS[1]  lease: hash {epoch, token, holder, until}
  KEYS[2]  events: stream
  ARGV[1]  milliseconds for which nobody may have had it

  Returns {0}, also where it stays; {-1, key, type}: not a hash
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end
local time = rcall('TIME')
local till = rcall('HGET', KEYS[1], 'until') or 0
if rcall('EXISTS', KEYS[2]) == 0 and tonumber(till) + ARGV[1] < time[1] * 1000 + math.floor(time[2] / 1000) then
  rcall('UNLINK', KEYS[1])
end
return {0}
