-- Lets one request go, or tells how long it must wait. All times are in milliseconds, by
-- the clock of this server alone.
--
-- KEYS: places    a ZSET of requests; the score is when one stops counting
--       state     a HASH: limit, left and till (of the API's window), paused, careful
--       lookups   a ZSET of requests that wait, by when they asked first
--       bulk      likewise, of bulk work
--       patience  a ZSET of both, by when one that asks no more has gone
local places, state, lookups, bulk, patience = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local id, class = ARGV[1], ARGV[2] -- class is lookup, bulk, or outlook, which takes no place
local deadline, lease, most = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local limit, replicas, mine = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local epoch, witness, returning = ARGV[9], ARGV[10], ARGV[11] == '1'
-- From ARGV[12] on: places that this replica holds and the server may not know, each by
-- its id and the time for which it counts yet.

local granted, wait, late, forgot = 0, 1, 2, 3
local window, spare, again = 60000, 5, 5000
local keep = 7 * 24 * 3600 * 1000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The asker has given up: the server was stopped, or the command was long on its way.
if deadline > 0 and now > deadline then
  return {late, now}
end

-- The epoch stands among the places, so that both are lost together. Where it is missing,
-- or a place of the asker is, this server has forgotten who used what: each replica then
-- gets its part alone until all that was forgotten is a window old.
local known = redis.call('ZRANGEBYSCORE', places, '+inf', '+inf')[1]
if not known or witness ~= '' and not redis.call('ZSCORE', places, witness) then
  if known then
    redis.call('ZREM', places, known)
  end
  known = 'epoch ' .. id
  redis.call('ZADD', places, '+inf', known)
  redis.call('HSET', state, 'careful', now + window)
end
redis.call('PEXPIRE', places, keep)
redis.call('PEXPIRE', state, keep)
if epoch ~= known then
  return {forgot, now, known}
end

for i = 12, #ARGV, 2 do
  redis.call('ZADD', places, now + tonumber(ARGV[i + 1]), ARGV[i])
end
local s = redis.call('HMGET', state, 'limit', 'left', 'till', 'paused', 'careful')
limit = tonumber(s[1]) or limit
local left, till = tonumber(s[2]) or 0, tonumber(s[3]) or 0
local paused, careful = tonumber(s[4]) or 0, tonumber(s[5]) or 0
if returning and careful < now + 3000 then -- others come back in the next seconds, with what they used
  careful = now + 3000
  redis.call('HSET', state, 'careful', careful)
end

redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', patience, '-inf', now)) do
  redis.call('ZREM', lookups, gone)
  redis.call('ZREM', bulk, gone)
  redis.call('ZREM', patience, gone)
end

local allowed = math.max(limit - spare, 1)
local part = math.max(math.floor(allowed / replicas), 1)
if class ~= 'lookup' then
  allowed = math.max(math.floor(allowed * 80 / 100), 1)
  part = math.max(math.floor(part * 80 / 100), 1)
end
local used = redis.call('ZCARD', places) - 1
local waiting = redis.call('ZCARD', lookups)

if class == 'outlook' then
  waiting = waiting + redis.call('ZCARD', bulk)
  local outlook = {granted, now, limit}
  for step = 0, 12 do
    local at = now + step * again
    local free = allowed - waiting - redis.call('ZCOUNT', places, '(' .. at, '(+inf')
    if at < careful then
      free = math.min(free, part - mine)
    end
    if at < till then
      free = math.min(free, left - waiting)
    end
    if at < paused then
      free = 0
    end
    outlook[#outlook + 1] = math.max(free, 0)
  end
  return outlook
end

-- Whoever waits keeps the turn of the first time.
local queue, ahead = lookups, 0
if class == 'bulk' then
  queue, ahead = bulk, waiting
end
ahead = ahead + (redis.call('ZRANK', queue, id) or redis.call('ZCARD', queue))

local hold = math.max(paused - now, 0)
if now < till and left - ahead <= 0 then
  hold = math.max(hold, till - now)
end
if now < careful and mine >= part then
  hold = math.max(hold, careful - now)
end
local need = used + ahead + 1 - allowed -- so many places must come free first
if need > used then
  hold = math.max(hold, window)
elseif need > 0 then
  local free = redis.call('ZRANGE', places, need - 1, need - 1, 'WITHSCORES')[2]
  hold = math.max(hold, math.min(tonumber(free) - now, window)) -- a request under way counts that long at least
end

if hold > 0 and hold <= most then
  if not redis.call('ZSCORE', queue, id) then
    redis.call('ZADD', queue, now, id)
  end
  redis.call('ZADD', patience, now + math.min(hold, again) + 2000, id)
  for _, key in ipairs({queue, patience}) do
    redis.call('PEXPIRE', key, 2 * window)
  end
  return {wait, now, hold, limit, used}
end
redis.call('ZREM', queue, id)
redis.call('ZREM', patience, id)
if hold > 0 then
  return {wait, now, hold, limit, used}
end
redis.call('ZADD', places, now + lease, id)
if now < till then
  redis.call('HINCRBY', state, 'left', -1)
end
return {granted, now, 0, limit, used + 1}
