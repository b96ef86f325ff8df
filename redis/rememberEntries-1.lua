#!lua
--[[
  Adds entries to what is remembered of a workspace, or puts them in the place of those with the same id. Of too many the
  oldest go, and what is damaged before them.

  KEYS[1]  memory: hash from id to JSON with "at"
  ARGV[1]  how many may be kept
  ARGV[2]  id, JSON of each entry

  Returns {0}; {-1, key, type}: not a hash
]]
local rcall = redis.call

local kind = rcall('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then
  return {-1, KEYS[1], kind}
end

for index = 2, #ARGV, 2 do
  rcall('HSET', KEYS[1], ARGV[index], ARGV[index + 1])
end
local most = tonumber(ARGV[1])
if rcall('HLEN', KEYS[1]) <= most then
  return {0}
end

local all = rcall('HGETALL', KEYS[1])
local entries = {}
for index = 1, #all, 2 do
  local isWhole, entry = pcall(cjson.decode, all[index + 1])
  local at = isWhole and type(entry) == 'table' and type(entry.at) == 'string' and entry.at or ''
  table.insert(entries, {id = all[index], at = at})
end
table.sort(entries, function(a, b)
  if a.at ~= b.at then
    return a.at < b.at
  end
  return a.id < b.id
end)
for index = 1, #entries - most do
  rcall('HDEL', KEYS[1], entries[index].id)
end
return {0}
