#!lua flags=allow-oom
--[[
  Deletes everything of a run that nobody works on.

  KEYS[1]  lease: hash {epoch, token, holder, until}
  KEYS[2]  events: stream
  KEYS[3]  task
  KEYS[4]  coder

  Returns {0}; {-1, key, type}: of the wrong type; {-4}: there is no such run; {-5, holder}: somebody works on it
]]
local rcall = redis.call

local kinds = {'hash', 'stream'}
for index, wanted in ipairs(kinds) do
  local kind = rcall('TYPE', KEYS[index]).ok
  if kind ~= 'none' and kind ~= wanted then
    return {-1, KEYS[index], kind}
  end
end
if rcall('EXISTS', KEYS[2]) == 0 then
  return {-4}
end

local time = rcall('TIME')
local lease = rcall('HMGET', KEYS[1], 'token', 'holder', 'until')
if lease[1] and tonumber(lease[3]) > time[1] * 1000 + math.floor(time[2] / 1000) then
  return {-5, lease[2]}
end

rcall('UNLINK', KEYS[2], KEYS[3], KEYS[4], KEYS[1])
return {0}
