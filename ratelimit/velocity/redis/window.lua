-- One window is one string: header, room for so many records, events that have left it, the settled events, oldest first.
--   header  generation 8 | room 4 | settled events 4 | events that left 4 | due 7 | records that count no more 4 | key expires 7
--   record  state 1 | lapses 7 | tentative life 4 | reservation 12   ordered by when they lapse; zeros where none is yet
--   event   at 7 | reservation 12
-- When it is due, a settled event leaves the window or the key must live longer. Nothing that happens to a window at its
-- limit rewrites a large one: what settles is appended, what leaves is skipped, until there is an eighth to skip.
-- Numbers are big-endian, times microseconds of this server since 1970. A reservation is a hash of its id.
-- The generation stands in this text, so that only the process and the reign it was loaded for can run it; a window of
-- another generation is cold: it is only trusted again when it was filled from the ledger.
local GENERATION, COLD = '@GENERATION@', '\0\0\0\0\0\0\0\0'
local ZEROS = COLD
local HEADER, RECORD, EVENT = 38, 24, 19
-- Each string that a script sees is hashed byte by byte, so the usual hold reads no more than it needs: 302 bytes are
-- the header and eleven records.
local FIRST = 302
-- The usual hold leaves so many records in place that have lapsed, and the rest of the work to one of so many holds.
local BATCH = 16
-- An appended string is given twice its size, and what is skipped is kept: a small window is written anew instead, and
-- a large one has an eighth to skip at most, so that an event never costs more than 48 bytes.
local SMALL, WASTE = 512, 8
local RESERVATION = 12 -- where it begins in a record, from 0
-- An opening is tentative until it is confirmed and lapses; an attempt counts whatever follows. What was given back is
-- remembered, so that a late confirmation changes nothing.
local TENTATIVE, ATTEMPT, COUNTED, BACK = 'T', 'A', 'C', 'B'
local pack, unpack, find, sub, byte = struct.pack, struct.unpack, string.find, string.sub, string.byte
local rep, format, ceil = string.rep, string.format, math.ceil
local call, pcall = redis.call, redis.pcall
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- hold and look have one argument: op 1 | tentative life 6 | reservation 12, then for each key
-- length 7 | maximum 2 | flags 1: 1 counts attempts, 2 is distrusted
local asked, op, ttl, id, limits = #ARGV == 1, ARGV[1], nil, ARGV[2], nil
if asked then op, ttl, id, limits = unpack('>c1I6c12', op) end

-- grown is for how many records a window with n of them is written, so that the next need not move it.
local function grown(n)
  if n < 4 then return 4 end
  if n < 8 then return 8 end
  if n < 11 then return 11 end
  return n + math.min(math.floor(n / 4), 16)
end

-- leave counts the settled events that have left by now, at most three; its second is when the next one does.
local function leave(key, first, skip, settled, length)
  local chunk = call('GETRANGE', key, first + EVENT * skip, first + EVENT * (skip + 4) - 1)
  local n, at = 0, nil
  while n < settled do
    if #chunk < EVENT * (n + 1) then return nil end
    at = unpack('>I7', chunk, n * EVENT + 1) + length
    if at > now then return n, at end
    n = n + 1
  end
  return n, nil
end

-- lingering reports whether the records at the beginning of h that have lapsed may stay where they are: all were
-- confirmed or count anyway, none has left the window, and they are few.
local function lingering(h, last, length)
  local p, few = HEADER, HEADER + RECORD * BATCH
  while p < last do
    local lapses, life = unpack('>I7I4', h, p + 2)
    if lapses > now then return true end
    if p >= few or sub(h, p + 1, p + 1) == TENTATIVE or lapses - life + length <= now then return false end
    p = p + RECORD
  end
  return true
end

-- The usual hold, of windows that are warm and in order, and have room, before all that the others need is even defined.
-- It reads the beginning of each window and writes one record. Whatever is unusual goes the long way below. Its answer
-- is 1, then for each key what is used.
local function usual()
  local text, next, reply = ARGV[1], limits, { 1, nil, nil, nil }
  local writes, values, dues = { false, false, false, false }, { false, false, false, false }, { false, false, false, false }
  local record, life, flags
  for i = 1, #KEYS do
    local key = KEYS[i]
    local h = pcall('GETRANGE', key, '0', FIRST - 1)
    if type(h) ~= 'string' or #h < HEADER + RECORD then return nil end
    local length, most, f
    length, most, f, next = unpack('>I7I2B', text, next)
    local generation, room, settled, skip, due, back, expires, _, lapses = unpack('>c8I4I4I4I7I4I7BI7', h)
    if generation ~= GENERATION or f > 1 or expires - length <= now or room == 0 then return nil end
    local first, size = HEADER + RECORD * room, #h
    if first > size then
      if size < FIRST then return nil end
      h = call('GETRANGE', key, '0', first - 1)
      if #h ~= first then return nil end
    elseif size < FIRST and size ~= first + EVENT * (skip + settled) then
      return nil
    end
    if due <= now then
      local left, at = leave(key, first, skip, settled, length)
      if not left or skip + left > (settled - left) / WASTE then return nil end
      settled, skip, due = settled - left, skip + left, expires - length
      if at and at < due then due = at end
      dues[i] = pack('>I4I4I7', settled, skip, due)
    end
    local last = find(h, ZEROS, HEADER + 1, true) -- no record has as many in a row, but its last may be one
    last = last and HEADER + ceil((last - 1 - HEADER) / RECORD) * RECORD or first
    if last > first then last = first end
    local used = settled + (last - HEADER) / RECORD - back
    if used >= most or find(h, id, HEADER + 1, true) then return nil end
    local l = ttl < length and ttl or length
    if last > HEADER and (lapses <= now and not lingering(h, last, length) or unpack('>I7', h, last - 22) > now + l) then return nil end
    if l ~= life or f ~= flags then
      life, flags, record = l, f, pack('>c1I7I4c12', f == 1 and ATTEMPT or TENTATIVE, now + l, l, id)
    end
    if last < first then
      writes[i], values[i] = format('%d', last), record
    else
      local events = ''
      if skip + settled > 0 then events = size < FIRST and sub(h, first + 1) or call('GETRANGE', key, first, '-1') end
      if #events ~= EVENT * (skip + settled) then return nil end
      local wide = grown(room + 1)
      values[i] = GENERATION .. pack('>I4', wide) .. sub(h, 13, first) .. record .. rep('\0', RECORD * (wide - room - 1)) .. events
    end
    reply[i + 1] = used
  end
  for i = 1, #KEYS do
    if writes[i] then
      call('SETRANGE', KEYS[i], writes[i], values[i])
    else
      call('SET', KEYS[i], values[i], 'KEEPTTL')
    end
    if dues[i] then call('SETRANGE', KEYS[i], '12', dues[i]) end
  end
  return reply
end
if asked and op == 'h' then
  local reply = usual()
  if reply then return reply end
end

-- distrust makes a window cold. What was confirmed in it is the ledger's to say; what is confirmed from now on stays,
-- since the ledger may have been read before.
local function distrust(w)
  w.generation, w.back = COLD, 0
  local kept = {}
  for p = 1, #w.records, RECORD do
    local state = sub(w.records, p, p)
    if state ~= COUNTED then kept[#kept + 1] = sub(w.records, p, p + RECORD - 1) end
    if state == BACK then w.back = w.back + 1 end
  end
  w.records = table.concat(kept)
end

-- load returns nil for what no engine wrote. It reads header and records; see events for the rest.
local function load(key, length)
  local w = { key = key, length = length, room = 0, skip = 0, count = 0, back = 0, expires = 0, records = '', added = '', generation = COLD }
  local h = pcall('GETRANGE', key, '0', FIRST - 1)
  if type(h) ~= 'string' then return nil end
  if h == '' and call('EXISTS', key) == 0 then
    w.missing = true
    return w
  end
  if #h < HEADER then return nil end
  local _
  w.generation, w.room, w.count, w.skip, _, w.back, w.expires = unpack('>c8I4I4I4I7I4I7', h)
  local last = HEADER + RECORD * w.room
  if call('STRLEN', key) ~= last + EVENT * (w.skip + w.count) then return nil end
  if last > #h then h = call('GETRANGE', key, '0', last - 1) end
  while last > HEADER and byte(h, last - RECORD + 1) == 0 do last = last - RECORD end
  w.records = sub(h, HEADER + 1, last)
  if w.generation ~= GENERATION and w.generation ~= COLD then distrust(w) end
  return w
end

-- stretch reads n of the settled events as they stand in the store, from the from-th on, from 0.
local function stretch(w, from, n)
  local at = HEADER + RECORD * w.room + EVENT * (w.skip + from)
  if n < 1 then return '' end
  return call('GETRANGE', w.key, at, at + EVENT * n - 1)
end

-- events are all settled events. Whoever changes them puts them back with put.
local function events(w)
  if not w.settled then w.settled = w.missing and '' or stretch(w, 0, w.count) end
  return w.settled
end

local function put(w, settled) w.settled, w.count, w.moved = settled, #settled / EVENT, true end

local function warm(w) return w.generation == GENERATION end

local function used(w) return w.count + #w.records / RECORD - w.back end

-- save writes header and records, and behind them what settled; the whole window where that is not enough. The key lives
-- a little longer than what is in it.
local function save(w)
  local late, n = w.expires < now + w.length, #w.records / RECORD
  if late then w.expires = now + w.length + math.floor(w.length / 8) + 1000000 end
  local whole = w.missing or w.moved or n > w.room or w.room > 2 * grown(n) + BATCH or w.skip > w.count / WASTE or w.added ~= '' and w.count < SMALL
  local oldest = w.moved and w.settled or w.count > 0 and stretch(w, 0, 1) .. w.added or ''
  if whole and not w.moved then w.settled = (w.settled or stretch(w, 0, w.count - #w.added / EVENT)) .. w.added end
  if whole then w.room, w.skip = grown(n), 0 end
  local due = w.expires - w.length
  if #oldest > 0 then due = math.min(due, unpack('>I7', oldest) + w.length) end
  local h = w.generation .. pack('>I4I4I4I7I4I7', w.room, w.count, w.skip, due, w.back, w.expires)
    .. w.records .. rep('\0', RECORD * (w.room - n))
  if not whole then
    call('SETRANGE', w.key, '0', h)
    if w.added ~= '' then call('APPEND', w.key, w.added) end
  else
    call('SET', w.key, h .. w.settled, 'KEEPTTL')
  end
  if late then call('PEXPIREAT', w.key, format('%.0f', ceil(w.expires / 1000))) end
  w.missing, w.moved, w.added, w.settled = false, false, '', nil
end

-- among returns where in text, of elements of so many bytes, the one begins that has id from byte skip on, from 0.
local function among(text, size, skip, id)
  local from = 1
  while true do
    local p = find(text, id, from, true)
    if not p then return nil end
    if (p - 1) % size == skip then return p - skip end
    from = p + 1
  end
end

-- lookup returns where the record of id begins, and its state.
local function lookup(w, id)
  local p = among(w.records, RECORD, RESERVATION, id)
  if p then return p, sub(w.records, p, p) end
end

-- lapse is when the record at p lapses, and when it happened.
local function lapse(w, p)
  local at, life = unpack('>I7I4', w.records, p + 1)
  return at, at - life
end

local function add(w, state, life, id)
  if state == BACK then w.back = w.back + 1 end
  local p = #w.records + 1
  while p > RECORD and lapse(w, p - RECORD) > now + life do p = p - RECORD end
  w.records = sub(w.records, 1, p - 1) .. state .. pack('>I7I4', now + life, life) .. id .. sub(w.records, p)
end

local function drop(w, p, state)
  if state == BACK then w.back = w.back - 1 end
  w.records = sub(w.records, 1, p - 1) .. sub(w.records, p + RECORD)
end

local function turn(w, p, state) w.records = sub(w.records, 1, p - 1) .. state .. sub(w.records, p + 1) end

local function sooner(a, b) return unpack('>I7', a) < unpack('>I7', b) end

-- joined puts events behind the settled ones, or among them where one is older than the last of those.
local function joined(w, new)
  table.sort(new, sooner) -- not by the bytes, which are compared as the locale wants
  if w.count == 0 or not sooner(new[1], stretch(w, w.count - 1, 1)) then
    w.added, w.count = table.concat(new), w.count + #new
    return
  end
  local all = {}
  for p = 1, #events(w), EVENT do all[#all + 1] = sub(w.settled, p, p + EVENT - 1) end
  for _, e in ipairs(new) do all[#all + 1] = e end
  table.sort(all, sooner)
  put(w, table.concat(all))
end

-- settle puts what is older than its tentative life among the settled events and removes what has left the window. An
-- opening whose tentative life ended without a word may be in the ledger or not: the window is cold then.
local function settle(w)
  local done, size, gone = 1, #w.records, 0
  while done < size and lapse(w, done) <= now do
    if sub(w.records, done, done) == TENTATIVE then w.generation = COLD end
    done = done + RECORD
  end
  while gone < w.count do
    local some = stretch(w, gone, math.min(BATCH, w.count - gone))
    local p = 1
    while p < #some and unpack('>I7', some, p) + w.length <= now do p = p + EVENT end
    gone = gone + (p - 1) / EVENT
    if p < #some then break end
  end
  if done == 1 and gone == 0 then return end
  w.skip, w.count = w.skip + gone, w.count - gone
  local new = {}
  for p = 1, done - 1, RECORD do
    local state, _, at = sub(w.records, p, p), lapse(w, p)
    if state == BACK then w.back = w.back - 1 end
    if (state == COUNTED or state == ATTEMPT) and warm(w) and at + w.length > now then
      new[#new + 1] = pack('>I7', at) .. sub(w.records, p + RESERVATION, p + RECORD - 1)
    end
  end
  w.records = sub(w.records, done)
  if #new > 0 then joined(w, new) end
  save(w)
end

-- frees is when fewer than most count if nothing else happens; 0 while there is room, and where most is 0.
local function frees(w, most)
  local over = used(w) - most
  if over < 0 or most == 0 then return 0 end
  local times = {}
  for p = 1, #w.records, RECORD do
    if sub(w.records, p, p) ~= BACK then
      local _, at = lapse(w, p)
      times[#times + 1] = at
    end
  end
  local oldest = stretch(w, 0, math.min(w.count, over + 1))
  for p = 1, #oldest, EVENT do times[#times + 1] = unpack('>I7', oldest, p) end
  table.sort(times)
  return times[over + 1] + w.length
end

-- fill: length, events as one string, oldest first. Does nothing to a window that is warm.
if op == 'fill' then
  local w = load(KEYS[1], tonumber(ARGV[3]))
  if not w then return { 3, 1 } end
  if warm(w) then return { 1 } end
  local filled, known, records = ARGV[4], {}, {}
  w.back = 0
  for p = 1, #w.records, RECORD do
    local state, e = sub(w.records, p, p), among(filled, EVENT, 7, sub(w.records, p + RESERVATION, p + RECORD - 1))
    if lapse(w, p) > now then
      if e then known[e] = true end
      if e and state ~= BACK then state = COUNTED end
      if state == BACK then w.back = w.back + 1 end
      records[#records + 1] = state .. sub(w.records, p + 1, p + RECORD - 1)
    end
  end
  local settled = {}
  for p = 1, #filled, EVENT do
    if not known[p] and unpack('>I7', filled, p) + w.length > now then settled[#settled + 1] = sub(filled, p, p + EVENT - 1) end
  end
  w.records, w.expires, w.generation = table.concat(records), 0, GENERATION
  put(w, table.concat(settled))
  save(w)
  return { 1 }
end

-- confirm, back, undo: linger, then for each key length and what it counts.
if not asked then
  local linger = tonumber(ARGV[3])
  for i, key in ipairs(KEYS) do
    local length, opening = tonumber(ARGV[2 + 2 * i]), ARGV[3 + 2 * i] == 'O'
    local w = load(key, length)
    if not w then return { 3, i } end
    settle(w)
    local p, state = lookup(w, id)
    local life = math.min(linger, length)
    local changed = true
    if op == 'undo' then
      changed = p ~= nil and state ~= BACK
      if changed then drop(w, p, state) end
    elseif op == 'confirm' then
      if state == TENTATIVE or state == ATTEMPT then
        turn(w, p, COUNTED)
      elseif not p and not (warm(w) and among(events(w), EVENT, 7, id)) then
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
        local e = among(events(w), EVENT, 7, id)
        if e then put(w, sub(w.settled, 1, e - 1) .. sub(w.settled, e + EVENT)) end
      end
      add(w, BACK, life, id)
    end
    if changed then save(w) end
  end
  return { 1 }
end

-- hold and look, the long way.
local windows, most, flags, cold = {}, {}, {}, nil
for i, key in ipairs(KEYS) do
  local length
  length, most[i], flags[i], limits = unpack('>I7I2B', ARGV[1], limits)
  local w = load(key, length)
  if not w then return { 3, i } end
  if flags[i] > 1 and warm(w) then
    distrust(w)
    save(w)
  end
  if warm(w) then settle(w) end
  if not warm(w) then
    cold = cold or { 2, now }
    cold[#cold + 1] = i
  end
  windows[i] = w
end
if cold then return cold end
local reply, admitted = { 1 }, true
for i, w in ipairs(windows) do
  local before = used(w)
  if op == 'h' then
    local p, state = lookup(w, id)
    if p and state ~= BACK then
      before = before - 1
      w.held = true
    else
      if p then drop(w, p, state) end
      admitted = admitted and before < most[i]
    end
  end
  reply[3 * i - 1], reply[3 * i], reply[3 * i + 1] = before, before < most[i] and 0 or frees(w, most[i]), w.held and 0 or 1
end
if not admitted then
  reply[1] = 0
elseif op == 'h' then
  for i, w in ipairs(windows) do
    if not w.held then
      add(w, flags[i] % 2 == 1 and ATTEMPT or TENTATIVE, math.min(ttl, w.length), id)
      save(w)
    end
  end
end
return reply
