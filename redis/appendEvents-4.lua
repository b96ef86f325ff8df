#!lua
--[[
  Appends events of one run, and writes with them what is kept beside them. All or nothing: everything is checked before
  the first write.

  KEYS[1]  lease: hash {epoch, token, holder, until, batch}
  KEYS[2]  events: stream
  KEYS[3]  task: string
  KEYS[4]  coder: hash
  ARGV[1]  epoch of the lease
  ARGV[2]  token of the lease
  ARGV[3]  batch: names all attempts at writing these events. Where the last batch that was written has the same name, the
           events of it that are here again are passed over
  ARGV[4]  version of the events' shapes
  ARGV[5]  seq of the last event that the writer knows to be in the stream; 0: of none
  ARGV[6]  folded state as JSON, or "": unchanged
  ARGV[7]  how many fields of the coder hash are set: n
  ARGV[8]  n times field, value; then each event: seq, JSON

  Returns {0}; {-1, key, type}: of the wrong type; {-2}: the lease is not the newest; {-3, id}: an event with that id, which
  is no older than one of these, is in the stream; {-6, seq}: the last event that the writer knows of is not in the stream,
  whose last one has that seq (a server that is killed can lose what it has confirmed just before)
]]
local rcall = redis.call

local kinds = {'hash', 'stream', 'string', 'hash'}
for index, key in ipairs(KEYS) do
  local kind = rcall('TYPE', key).ok
  if kind ~= 'none' and kind ~= kinds[index] then
    return {-1, key, kind}
  end
end

local lease = rcall('HMGET', KEYS[1], 'epoch', 'token', 'batch')
if lease[1] ~= ARGV[1] or lease[2] ~= ARGV[2] then
  return {-2}
end

local known = ARGV[5] .. '-0'
if ARGV[5] ~= '0' and not rcall('XRANGE', KEYS[2], known, known)[1] then
  local last = rcall('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  return {-6, last and tonumber(string.match(last[1], '%d+')) or 0}
end

local fields = tonumber(ARGV[7])
local from = 8 + 2 * fields
while from < #ARGV do
  local id = ARGV[from] .. '-0'
  local found = rcall('XRANGE', KEYS[2], id, '+', 'COUNT', 1)[1]
  if not found then
    break
  end
  if lease[3] ~= ARGV[3] or found[1] ~= id or found[2][2] ~= ARGV[from + 1] then
    return {-3, found[1]}
  end
  from = from + 2
end
if from > #ARGV then
  return {0}
end

rcall('HSET', KEYS[1], 'batch', ARGV[3])
for index = from, #ARGV, 2 do
  rcall('XADD', KEYS[2], ARGV[index] .. '-0', 'event', ARGV[index + 1], 'version', ARGV[4])
end
for index = 8, 7 + 2 * fields, 2 do
  rcall('HSET', KEYS[4], ARGV[index], ARGV[index + 1])
end
if ARGV[6] ~= '' then
  rcall('SET', KEYS[3], ARGV[6])
end
return {0}
