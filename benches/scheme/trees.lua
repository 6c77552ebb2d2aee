-- Binary trees of several depths, while a large one stays.
local function make(depth)
  if depth == 0 then return {nil, nil} end
  return {make(depth - 1), make(depth - 1)}
end

local function count(tree)
  if tree[1] == nil then return 1 end
  return 1 + count(tree[1]) + count(tree[2])
end

local stays = make(16)

local function repeat_of(count_of_trees, depth)
  local sum = 0
  for _ = 1, count_of_trees do sum = sum + count(make(depth)) end
  return sum
end

local sum = 0
for depth = 4, 16, 4 do sum = sum + repeat_of(524288 // (1 << depth), depth) end
print(sum + count(stays))
