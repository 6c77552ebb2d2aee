-- A merge sort of a list of random numbers, which makes each list anew.
local function next_seed(seed)
  return (seed * 421 + 17117) % 65521
end

local function random_list(count)
  local seed, list = 1, nil
  for _ = 1, count do
    list = {seed, list}
    seed = next_seed(seed)
  end
  return list
end

local function join(reversed, list)
  if reversed == nil then return list end
  return join(reversed[2], {reversed[1], list})
end

local function merge(a, b, done)
  if a == nil then return join(done, b) end
  if b == nil then return join(done, a) end
  if b[1] < a[1] then return merge(a, b[2], {b[1], done}) end
  return merge(a[2], b, {a[1], done})
end

local function tail(list, count)
  if count == 0 then return list end
  return tail(list[2], count - 1)
end

-- Sorts the first `count` elements.
local function sort_first(count, list)
  if count == 1 then return {list[1], nil} end
  local half = count // 2
  return merge(sort_first(half, list), sort_first(count - half, tail(list, half)), nil)
end

-- A sum that depends on the order.
local function checksum(list)
  local sum = 0
  while list ~= nil do
    sum = (sum * 31 + list[1]) % 65521
    list = list[2]
  end
  return sum
end

local list = random_list(20000)
local sum = 0
for _ = 1, 15 do sum = sum + checksum(sort_first(20000, list)) end
print(sum)
