#!lua
--[[
  Puts a plan on the list of those that are kept, as the newest. Of too many the oldest leave the list.

  KEYS[1]  plans: sorted set of plan hashes by the time at which they were kept
  ARGV[1]  hash of the plan
  ARGV[2]  how many may be kept

  Returns {0, hash...}: those that left the list, and whose plans are to be removed; {-1, key, type}: not a sorted set
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'zset' then
  return {-1, KEYS[1], kind}
end

local time = rcall('TIME')
rcall('ZADD', KEYS[1], string.format('%.0f', time[1] * 1000000 + time[2]), ARGV[1])
local left = {0}
for _, hash in ipairs(rcall('ZRANGE', KEYS[1], 0, -1 - ARGV[2])) do
  table.insert(left, hash)
  rcall('ZREM', KEYS[1], hash)
end
return left
