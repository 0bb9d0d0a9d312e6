-- Ends a request, and takes what the API told with its answer. Keys and times are those of
-- acquire.lua.
local places, state, lookups, bulk, patience = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id = ARGV[1]             -- empty where only the rest is told
local age = tonumber(ARGV[2])  -- since its answer; -1 where it did not go
local limit, left = tonumber(ARGV[3]), tonumber(ARGV[4]) -- 0 and -1 where the API did not tell
local reset, pause = tonumber(ARGV[5]), tonumber(ARGV[6]) -- 0 for none

local window = 60000
local keep = 7 * 24 * 3600 * 1000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if age < 0 or age >= window then
  redis.call('ZREM', places, id)
  redis.call('ZREM', lookups, id)
  redis.call('ZREM', bulk, id)
  redis.call('ZREM', patience, id)
elseif id ~= '' then
  redis.call('ZADD', places, now + window - age, id)
  redis.call('PEXPIRE', places, keep)
end

if limit > 0 then
  redis.call('HSET', state, 'limit', limit)
end
if left >= 0 then
  -- The API had counted the request of this answer, and perhaps none that is still under
  -- way: those count for longer than a window from now.
  left = left - redis.call('ZCOUNT', places, '(' .. (now + window), '(+inf')
  local till = tonumber(redis.call('HGET', state, 'till')) or 0
  if reset > 0 then
    till = now + reset
  elseif now >= till then -- the first answer of a window, which closes within its length
    till = now + window
  end
  redis.call('HSET', state, 'left', left, 'till', till)
end
if pause > 0 then
  local paused = tonumber(redis.call('HGET', state, 'paused')) or 0
  redis.call('HSET', state, 'paused', math.max(paused, now + pause))
end
if limit > 0 or left ~= -1 or pause > 0 then
  redis.call('PEXPIRE', state, keep)
end
return now
