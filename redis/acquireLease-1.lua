#!lua
--[[
  Grants a lease with an epoch higher than any before. Sent again with the same token, it tells of the same grant.

  KEYS[1]  lease: hash {epoch, token, holder, until}
  ARGV[1]  token of the new grant
  ARGV[2]  holder, in words
  ARGV[3]  milliseconds that the grant lasts
  ARGV[4]  "takeOver": also where a living holder has it

  Returns {0, epoch}; {-1, key, type}: not a hash; {-5, holder}: somebody has it
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end

local time = rcall('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = rcall('HMGET', KEYS[1], 'epoch', 'token', 'holder', 'until')
if lease[2] == ARGV[1] then
  return {0, tonumber(lease[1])}
end
if lease[2] and tonumber(lease[4]) > now and ARGV[4] ~= 'takeOver' then
  return {-5, lease[3]}
end

local epoch = rcall('HINCRBY', KEYS[1], 'epoch', 1)
rcall('HSET', KEYS[1], 'token', ARGV[1], 'holder', ARGV[2], 'until', string.format('%.0f', now + ARGV[3]))
return {0, epoch}
