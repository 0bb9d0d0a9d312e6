-- Counts the calls that were placed in the last hour, and adds one where all counts allow.
-- KEYS: a ZSET of calls for each who is bound; the score is when one was placed
-- ARGV: the id of the call, or nothing to look only; the most of an hour; then calls of the
--       asking replica, which the server may have forgotten: the number of the key, id, age
local hour = 3600000
for _, key in ipairs(KEYS) do -- what is of another type, nobody here has put there
  if redis.call('TYPE', key).ok ~= 'zset' then redis.call('DEL', key) end
end
local id, most = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 3, #ARGV, 3 do
  redis.call('ZADD', KEYS[tonumber(ARGV[i])], now - tonumber(ARGV[i + 2]), ARGV[i + 1])
end
local left, wait = most, 0
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - hour)
  local placed = redis.call('ZCARD', key)
  left = math.min(left, most - placed)
  if placed >= most and placed > 0 then
    wait = math.max(wait, redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] + hour - now)
  end
end
for _, key in ipairs(KEYS) do
  if left > 0 and id ~= '' then
    redis.call('ZADD', key, now, id)
  end
  redis.call('PEXPIRE', key, hour)
end
return {left, wait}
