#!lua flags=allow-oom
--[[
  Renews a lease, also one that has run out, as long as nobody else was granted it.

  KEYS[1]  lease: hash {epoch, token, holder, until}
  ARGV[1]  epoch
  ARGV[2]  token
  ARGV[3]  milliseconds that it lasts from now on

  Returns {0}; {-1, key, type}: not a hash; {-2}: released, forgotten, or somebody else's by now
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end
local lease = rcall('HMGET', KEYS[1], 'epoch', 'token')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then
  return {-2}
end

local time = rcall('TIME')
rcall('HSET', KEYS[1], 'until', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]))
return {0}
