-- One window is one list. Its first element is the header, the others are the settled events, oldest first.
--   header  generation 8 | settled events 4 | records that count 4 | oldest settled event 7 | key expires 7 | records
--   record  state 1 | at 7 | lapses after 4 | reservation 12   ordered by when they lapse
--   event   at 7 | reservation 12
-- Numbers are big-endian, times microseconds of this server since 1970. A reservation is a hash of its id.
-- The generation stands in this text, so that only the process and the reign it was loaded for can run it; a window of
-- another generation is cold: it is only trusted again when it was filled from the ledger.
local GENERATION, COLD = '@GENERATION@', '\0\0\0\0\0\0\0\0'
local HEADER, RECORD, EVENT = 30, 24, 19
local RESERVATION = 12 -- where it begins in a record, from 0
-- An opening is tentative until it is confirmed and lapses; an attempt counts whatever follows. What was given back is
-- remembered, so that a late confirmation changes nothing.
local TENTATIVE, ATTEMPT, COUNTED, BACK = 'T', 'A', 'C', 'B'
local pack, unpack, spread, find, sub = struct.pack, struct.unpack, unpack, string.find, string.sub
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

local op, id = ARGV[1], ARGV[2]

-- The usual hold, of windows that are warm and in order, have room and nothing to put away, before all that the others
-- need is even defined. Whatever is unusual goes the long way below.
local function usual()
  local ttl, headers, reply = ARGV[3] + 0, {}, { 1 }
  for i = 1, #KEYS do
    local a = 4 * i
    local h = redis.pcall('LINDEX', KEYS[i], 0)
    if type(h) ~= 'string' or sub(h, 1, 8) ~= GENERATION or #h < HEADER or (#h - HEADER) % RECORD ~= 0 then return nil end
    local settled, live, oldest, expires = unpack('>I4I4I7I7', h, 9)
    local length, used = ARGV[a] + 0, settled + live
    if used >= ARGV[a + 1] + 0 or ARGV[a + 3] == '1' or expires < now + length then return nil end
    if settled > 0 and oldest + length <= now or find(h, id, HEADER + 1, true) then return nil end
    local life = ttl < length and ttl or length
    if #h > HEADER then
      local at, after = unpack('>I7I4', h, HEADER + 2)
      if at + after <= now then return nil end
      at, after = unpack('>I7I4', h, #h - RECORD + 2)
      if at + after > now + life then return nil end
    end
    headers[i] = sub(h, 1, 12) .. pack('>I4', live + 1) .. sub(h, 17)
      .. (ARGV[a + 2] == 'a' and ATTEMPT or TENTATIVE) .. pack('>I7I4', now, life) .. id
    reply[3 * i - 1], reply[3 * i], reply[3 * i + 1] = used, 0, 1
  end
  for i = 1, #KEYS do call('LSET', KEYS[i], 0, headers[i]) end
  return reply
end
if op == 'hold' then
  local reply = usual()
  if reply then return reply end
end

-- distrust makes a window cold. What was confirmed in it is the ledger's to say; what is confirmed from now on stays,
-- since the ledger may have been read before.
local function distrust(w)
  w.generation = COLD
  local kept = {}
  w.live = 0
  for p = 1, #w.records, RECORD do
    local state = sub(w.records, p, p)
    if state ~= COUNTED then kept[#kept + 1] = sub(w.records, p, p + RECORD - 1) end
    if state == TENTATIVE or state == ATTEMPT then w.live = w.live + 1 end
  end
  w.records = table.concat(kept)
end

-- load returns nil for what no engine wrote.
local function load(key, length)
  local w = { key = key, length = length, settled = 0, live = 0, oldest = 0, expires = 0, records = '', generation = COLD }
  local h = redis.pcall('LINDEX', key, 0)
  if not h then
    w.missing = true
    return w
  end
  if type(h) ~= 'string' or #h < HEADER or (#h - HEADER) % RECORD ~= 0 then return nil end
  w.generation = sub(h, 1, 8)
  w.settled, w.live, w.oldest, w.expires = unpack('>I4I4I7I7', h, 9)
  w.records = sub(h, HEADER + 1)
  if w.generation ~= GENERATION and w.generation ~= COLD then distrust(w) end
  return w
end

local function warm(w) return w.generation == GENERATION end

-- save writes the header. The list lives a little longer than what is in it.
local function save(w)
  local late = w.expires < now + w.length
  if late then w.expires = now + w.length + math.floor(w.length / 8) + 1000000 end
  local h = w.generation .. pack('>I4I4I7I7', w.settled, w.live, w.oldest, w.expires) .. w.records
  if w.missing then
    call('RPUSH', w.key, h)
    w.missing = false
  else
    call('LSET', w.key, 0, h)
  end
  if late then call('PEXPIREAT', w.key, string.format('%.0f', math.ceil(w.expires / 1000))) end
end

-- lookup returns where the record of id begins, and its state.
local function lookup(w, id)
  local from = 1
  while true do
    local p = find(w.records, id, from, true)
    if not p then return nil end
    if (p - 1) % RECORD == RESERVATION then return p - RESERVATION, sub(w.records, p - RESERVATION, p - RESERVATION) end
    from = p + 1
  end
end

-- lapse is when the record at p lapses.
local function lapse(w, p)
  local at, after = unpack('>I7I4', w.records, p + 1)
  return at + after
end

local function add(w, state, life, id)
  if state ~= BACK then w.live = w.live + 1 end
  local p = #w.records + 1
  while p > RECORD and lapse(w, p - RECORD) > now + life do p = p - RECORD end
  w.records = sub(w.records, 1, p - 1) .. state .. pack('>I7I4', now, life) .. id .. sub(w.records, p)
end

local function drop(w, p, state)
  if state ~= BACK then w.live = w.live - 1 end
  w.records = sub(w.records, 1, p - 1) .. sub(w.records, p + RECORD)
end

local function turn(w, p, state) w.records = sub(w.records, 1, p - 1) .. state .. sub(w.records, p + 1) end

-- settle puts what is older than its tentative life among the settled events and removes what has left the window. An
-- opening whose tentative life ended without a word may be in the ledger or not: the window is cold then. Returns
-- whether the header changed, or nil where a settled event is garbage.
local function settle(w)
  local done, size = 1, #w.records
  while done < size and lapse(w, done) <= now do
    local state = sub(w.records, done, done)
    if state == TENTATIVE then w.generation = COLD end
    done = done + RECORD
  end
  if done == 1 and (w.settled == 0 or w.oldest + w.length > now) then return false end
  local gone = sub(w.records, 1, done - 1)
  w.records = sub(w.records, done)
  for p = 1, #gone, RECORD do
    local state, at = sub(gone, p, p), unpack('>I7', gone, p + 1)
    if state ~= BACK then w.live = w.live - 1 end
    if (state == COUNTED or state == ATTEMPT) and warm(w) and at + w.length > now then
      local later = {}
      while w.settled > 0 do
        local e = call('LINDEX', w.key, -1)
        if not e or #e ~= EVENT then return nil end
        if unpack('>I7', e) <= at then break end
        later[#later + 1] = call('RPOP', w.key)
        w.settled = w.settled - 1
      end
      call('RPUSH', w.key, sub(gone, p + 1, p + 7) .. sub(gone, p + RESERVATION, p + RECORD - 1))
      for i = #later, 1, -1 do call('RPUSH', w.key, later[i]) end
      w.settled = w.settled + 1 + #later
      if w.settled == 1 + #later then w.oldest = at end
    end
  end
  local old = 0
  while warm(w) and old < w.settled do
    local e = call('LINDEX', w.key, old + 1)
    if not e or #e ~= EVENT then return nil end
    w.oldest = unpack('>I7', e)
    if w.oldest + w.length > now then break end
    old = old + 1
  end
  if old > 0 then
    call('LTRIM', w.key, old, -1) -- the last of them becomes the header's place
    w.settled = w.settled - old
  end
  if w.settled == 0 then w.oldest = 0 end
  save(w)
  return true
end

-- among returns the settled event of id, looking at the newest first.
local function among(w, id)
  local last = w.settled
  while last > 0 do
    local first = math.max(1, last - 199)
    local page = call('LRANGE', w.key, first, last)
    for i = #page, 1, -1 do
      if sub(page[i], 8) == id then return page[i] end
    end
    last = first - 1
  end
end

-- frees is when fewer than most count if nothing else happens; 0 while there is room, and where most is 0.
local function frees(w, most)
  local over = w.settled + w.live - most
  if over < 0 or most == 0 then return 0 end
  local times = {}
  for p = 1, #w.records, RECORD do
    if sub(w.records, p, p) ~= BACK then times[#times + 1] = unpack('>I7', w.records, p + 1) end
  end
  if #times == 0 and over == 0 then return w.oldest + w.length end
  for _, e in ipairs(call('LRANGE', w.key, 1, math.min(over + 1, w.settled))) do times[#times + 1] = unpack('>I7', e) end
  table.sort(times)
  return times[over + 1] + w.length
end

-- fill: length, events as one string, oldest first. Does nothing to a window that is warm.
if op == 'fill' then
  local w = load(KEYS[1], tonumber(ARGV[3]))
  if not w then return { 3, 1 } end
  if warm(w) then return { 1 } end
  local events, known = ARGV[4], {}
  local records = ''
  w.live = 0
  for p = 1, #w.records, RECORD do
    local state, from, reservation = sub(w.records, p, p), 1, sub(w.records, p + RESERVATION, p + RECORD - 1)
    local e
    repeat
      e = find(events, reservation, from, true)
      from = (e or 0) + 1
    until not e or (e - 1) % EVENT == 7
    if lapse(w, p) > now then
      if e then known[e - 7] = true end
      if e and state ~= BACK then state = COUNTED end
      records = records .. state .. sub(w.records, p + 1, p + RECORD - 1)
      if state ~= BACK then w.live = w.live + 1 end
    end
  end
  w.records, w.settled, w.oldest, w.expires, w.generation, w.missing = records, 0, 0, 0, GENERATION, true
  call('DEL', w.key)
  save(w)
  local batch = { 'RPUSH', w.key }
  for p = 1, #events, EVENT do
    local at = unpack('>I7', events, p)
    if not known[p] and at + w.length > now then
      if w.settled == 0 then w.oldest = at end
      w.settled = w.settled + 1
      batch[#batch + 1] = sub(events, p, p + EVENT - 1)
      if #batch == 1000 then
        call(spread(batch))
        batch = { 'RPUSH', w.key }
      end
    end
  end
  if #batch > 2 then call(spread(batch)) end
  save(w)
  return { 1 }
end

-- confirm, back, undo: linger, then for each key length and what it counts.
if op == 'confirm' or op == 'back' or op == 'undo' then
  local linger = tonumber(ARGV[3])
  for i, key in ipairs(KEYS) do
    local length, opening = tonumber(ARGV[2 + 2 * i]), ARGV[3 + 2 * i] == 'o'
    local w = load(key, length)
    if not w or settle(w) == nil then return { 3, i } end
    local p, state = lookup(w, id)
    local life = math.min(linger, length)
    local changed = true
    if op == 'undo' then
      changed = p ~= nil and state ~= BACK
      if changed then drop(w, p, state) end
    elseif op == 'confirm' then
      if state == TENTATIVE or state == ATTEMPT then
        turn(w, p, COUNTED)
      elseif not p and not (warm(w) and among(w, id)) then
        add(w, COUNTED, life, id)
      else
        changed = false
      end
    elseif not opening or state == BACK then
      changed = false
    else
      if p then
        drop(w, p, state)
      elseif warm(w) then
        local e = among(w, id)
        if e then
          call('LREM', key, -1, e)
          w.settled = w.settled - 1
          w.oldest = w.settled > 0 and unpack('>I7', call('LINDEX', key, 1)) or 0
        end
      end
      add(w, BACK, life, id)
    end
    if changed then save(w) end
  end
  return { 1 }
end

-- hold and look: tentative life, then for each key length, maximum, what it counts, and whether it is distrusted.
local windows, cold = {}, nil
for i, key in ipairs(KEYS) do
  local a = 4 * i
  local w = load(key, tonumber(ARGV[a]))
  if not w then return { 3, i } end
  if ARGV[a + 3] == '1' and warm(w) then
    distrust(w)
    save(w)
  end
  if warm(w) and settle(w) == nil then return { 3, i } end
  if not warm(w) then
    cold = cold or { 2, now }
    cold[#cold + 1] = i
  end
  windows[i] = w
end
if cold then return cold end
local reply, admitted = { 1 }, true
for i, w in ipairs(windows) do
  local most = tonumber(ARGV[4 * i + 1])
  local used = w.settled + w.live
  if op == 'hold' then
    local p, state = lookup(w, id)
    if p and state ~= BACK then
      used = used - 1
      w.held = true
    else
      if p then drop(w, p, state) end
      admitted = admitted and used < most
    end
  end
  reply[3 * i - 1], reply[3 * i], reply[3 * i + 1] = used, used < most and 0 or frees(w, most), w.held and 0 or 1
end
if not admitted then
  reply[1] = 0
elseif op == 'hold' then
  for i, w in ipairs(windows) do
    if not w.held then
      add(w, ARGV[4 * i + 2] == 'a' and ATTEMPT or TENTATIVE, math.min(tonumber(ARGV[3]), w.length), id)
      save(w)
    end
  end
end
return reply
