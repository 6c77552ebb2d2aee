-- The leaves of a tree, one after another: a coroutine walks.
local function make(depth)
  if depth == 0 then return depth end
  return {make(depth - 1), make(depth - 1)}
end

local function walk(tree)
  if type(tree) == "table" then
    walk(tree[1])
    walk(tree[2])
  else
    coroutine.yield(tree)
  end
end

local function count(tree)
  local n = 0
  for _ in coroutine.wrap(function() walk(tree) end) do n = n + 1 end
  return n
end

local tree = make(12)

local sum = 0
for _ = 1, 100 do sum = sum + count(tree) end
print(sum)
