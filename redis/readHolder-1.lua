#!lua flags=no-writes
--[[
  Who has a lease now, by the clock of the store.

  KEYS[1]  lease: hash {epoch, token, holder, until}

  Returns {0, holder}; {0}: nobody; {-1, key, type}: not a hash
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end
local time = rcall('TIME')
local lease = rcall('HMGET', KEYS[1], 'token', 'holder', 'until')
if lease[1] and tonumber(lease[3]) > time[1] * 1000 + math.floor(time[2] / 1000) then
  return {0, lease[2]}
end
return {0}
