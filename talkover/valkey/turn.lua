-- Renews the lock of who has this token for ARGV[2] milliseconds, or gives it back at 0.
-- Returns 1 where another replica waits for it, 0 where none does, -1 where it is lost.
-- KEYS: the lock, and the mark that another replica waits
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return -1
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('EXISTS', KEYS[2])
