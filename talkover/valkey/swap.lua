-- Puts a text under a key, if what is there is old; an empty one stands for nothing.
-- KEYS: the key
-- ARGV: old, the text, how many ms it is held
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then redis.call('DEL', KEYS[1]) end -- nobody here has put that there
local was = redis.call('GET', KEYS[1]) or ''
if was == ARGV[1] then
  if ARGV[2] == '' then
    redis.call('DEL', KEYS[1])
  else
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  end
end
return was
