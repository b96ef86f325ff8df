#!lua flags=allow-oom
--[[
  Gives a lease back. Its epoch stays, so that the next grant has a higher one.

  KEYS[1]  lease: hash {epoch, token, holder, until}
  ARGV[1]  epoch
  ARGV[2]  token

  Returns {0}, also where it is somebody else's by now; {-1, key, type}: not a hash
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end
local lease = rcall('HMGET', KEYS[1], 'epoch', 'token')
if lease[1] == ARGV[1] and lease[2] == ARGV[2] then
  local time = rcall('TIME')
  rcall('HDEL', KEYS[1], 'token', 'holder', 'batch')
  rcall('HSET', KEYS[1], 'until', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
return {0}
