-- Keeps a value until it expires, unless a later one is there. A value begins with the 20
-- digits of its moment.
-- KEYS: the value, and a ZSET of the names of all, by when they expire
-- ARGV: the moment, the life in milliseconds, the name, the value
for i, kind in ipairs({'string', 'zset'}) do -- what is of another type, nobody here has put there
  if redis.call('TYPE', KEYS[i]).ok ~= kind then redis.call('DEL', KEYS[i]) end
end
if tonumber(ARGV[2]) > 0 and redis.call('GETRANGE', KEYS[1], 0, 19) <= ARGV[1] then
  local now = redis.call('TIME')[1] * 1000
  redis.call('SET', KEYS[1], ARGV[1] .. ARGV[4], 'PX', ARGV[2])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], 40 * 24 * 3600 * 1000) -- longer than any value
end
return 1
