-- Takes what a replica tells, and lets a request of it go or says how long that must wait.
-- All times are in milliseconds, by the clock of this server alone.
--
-- KEYS: places  a ZSET of requests; the score is when one stops counting. Last stands the
--               epoch, by the time of the last script, so that all is lost together.
--       state   a HASH: limit, left and till (of the API's window), paused, careful
--       queue   a ZSET of requests that wait, by when they asked first; bulk work behind
-- ARGV: the id of a request, or nothing; the numbers below; then what the server does not
--       know of the replica's requests, each by its id and how long it counts yet
local places, state, queue = KEYS[1], KEYS[2], KEYS[3]
local id, n = ARGV[1], {}
for i = 2, 15 do n[i] = tonumber(ARGV[i]) end
local epoch, seen, deadline = n[2], n[3], n[4] -- as the replica knows them
local lease, most, share, limit = n[5], n[6], n[7], n[8]
local replicas, mine, outlook = n[9], n[10], n[11]
local told, remaining, reset, pause = n[12], n[13], n[14], n[15] -- by the API

local window, spare, far = 60000, 5, 1e15
for i, kind in ipairs({'zset', 'hash', 'zset'}) do -- what is of another type, nobody here has put there
  if redis.call('TYPE', KEYS[i]).ok ~= kind then redis.call('DEL', KEYS[i]) end
end
local keep = 40 * 24 * 3600 * 1000 -- longer than any reading, which goes first where memory ends
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local s = redis.call('HMGET', state, 'limit', 'left', 'till', 'paused', 'careful')
for i = 1, 5 do s[i] = tonumber(s[i]) or 0 end
local known, left, till, paused, careful = s[1], s[2], s[3], s[4], s[5]

-- Without the epoch that the replica saw, this server has forgotten who used what: each
-- replica then gets its part alone until all that was forgotten is a window old.
local last = redis.call('ZRANGE', places, -1, -1, 'WITHSCORES')
local current = tonumber(last[1])
if tonumber(last[2] or 0) < far + seen then
  redis.call('ZREMRANGEBYSCORE', places, far, '+inf')
  current, careful = now, now + window
end
redis.call('ZADD', places, far + now, current)
if epoch == 0 and seen > 0 then -- back; so will others be in the next seconds, with what they used
  careful = math.max(careful, now + 3000)
end
redis.call('HSET', state, 'careful', careful)
if epoch ~= current or id ~= '' and now > deadline then -- who asks late has given up
  return {current, now, -1, 0, 0}
end

for i = 16, #ARGV, 2 do
  redis.call('ZADD', places, now + ARGV[i + 1], ARGV[i])
  redis.call('ZREM', queue, ARGV[i])
end
redis.call('ZREM', places, id)
redis.call('ZREMRANGEBYSCORE', places, '-inf', now)
for _, class in ipairs({0, far}) do -- nobody waits longer: who is there yet has died
  redis.call('ZREMRANGEBYSCORE', queue, class, class + now - window)
end

known = told > 0 and told or known
if remaining >= 0 then
  -- The API had counted the request of this answer, and perhaps none that is still under
  -- way: those count for longer than a window from now.
  left = remaining - redis.call('ZCOUNT', places, '(' .. (now + window), '(' .. far)
  if reset > 0 then
    till = now + reset
  elseif now >= till then -- the first answer of a window, which closes within its length
    till = now + window
  end
end
paused = math.max(paused, now + pause)

limit = known > 0 and known or limit
local allowed = math.max(limit - spare, 1)
local part = math.max(math.floor(math.floor(allowed / replicas) * share / 100), 1)
allowed = math.max(math.floor(allowed * share / 100), 1)
local used = redis.call('ZCARD', places) - 1

-- wait returns how long a request must wait, behind others that wait and beside others of
-- its replica.
local function wait(ahead, beside)
  local hold = math.max(paused - now, 0)
  if now < till and left <= ahead then hold = math.max(hold, till - now) end
  if now < careful and beside >= part then hold = math.max(hold, careful - now) end
  local need = used + ahead + 1 - allowed -- so many places must come free first
  if need > used then return math.max(hold, window) end
  if need > 0 then
    local free = redis.call('ZRANGE', places, need - 1, need - 1, 'WITHSCORES')[2]
    hold = math.max(hold, math.min(free - now, window)) -- of one under way nobody knows more
  end
  return hold
end

local answer = {current, now, 0, limit, used}
local waiting = redis.call('ZCARD', queue)
for i = 0, math.min(outlook, allowed) - 1 do
  answer[#answer + 1] = wait(waiting + i, mine + i)
end
if id ~= '' then
  local turn = now + (share < 100 and far or 0)
  local hold = wait(redis.call('ZRANK', queue, id) or redis.call('ZCOUNT', queue, '-inf', turn), mine)
  answer[3] = hold
  if hold > 0 and hold <= most then
    redis.call('ZADD', queue, 'NX', turn, id)
  else
    redis.call('ZREM', queue, id)
  end
  if hold <= 0 then
    redis.call('ZADD', places, now + lease, id)
    left = left - 1
    answer[5] = used + 1
  end
end
redis.call('HSET', state, 'limit', known, 'left', left, 'till', till, 'paused', paused)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, keep) end
return answer
