-- A hash table of association lists, which grows.
local function make_vector(length)
  local vector = {}
  for i = 0, length - 1 do vector[i] = false end
  return vector
end

local length = 16
local buckets = make_vector(length)
local entries = 0

local function find(key, list)
  while list do
    if list[1][1] == key then return list[1] end
    list = list[2]
  end
  return nil
end

local function add(entry, vector, vector_length)
  local index = entry[1] % vector_length
  vector[index] = {entry, vector[index]}
end

local function grow()
  local larger_length = 2 * length + 1
  local larger = make_vector(larger_length)
  for i = 0, length - 1 do
    local list = buckets[i]
    while list do
      add(list[1], larger, larger_length)
      list = list[2]
    end
  end
  buckets, length = larger, larger_length
end

local function increment(key)
  local entry = find(key, buckets[key % length])
  if entry then
    entry[2] = entry[2] + 1
  else
    if entries == length then grow() end
    entries = entries + 1
    add({key, 1}, buckets, length)
  end
end

local function most()
  local best = 0
  for i = 0, length - 1 do
    local list = buckets[i]
    while list do
      if list[1][2] > best then best = list[1][2] end
      list = list[2]
    end
  end
  return best
end

local function next_seed(seed)
  return (seed * 421 + 17117) % 65521
end

local seed = 1
for _ = 1, 2500000 do
  increment(seed * (seed % 16) // 16)
  seed = next_seed(seed)
end
print(entries * 1000 + most())
