-- Keeps values until they expire, each unless a later one is there. A value begins with the
-- time of its reading, as 20 digits.
-- KEYS: those of the values, and last, where ARGV[3] is not empty, a SET of their names
-- ARGV: the time, the life in milliseconds, the name in the SET or nothing, the values
local at, life, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]
for i = 4, #ARGV do
  local key = KEYS[i - 3]
  if redis.call('GETRANGE', key, 0, 19) <= at then
    redis.call('SET', key, at .. ARGV[i], 'PX', life)
    if name ~= '' then
      local names = KEYS[#KEYS]
      redis.call('SADD', names, name)
      if redis.call('PTTL', names) < life then
        redis.call('PEXPIRE', names, life)
      end
    end
  end
end
return 1
