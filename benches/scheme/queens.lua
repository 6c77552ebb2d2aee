-- All solutions of the eight queens, with lists of rows. Short lists live briefly.
local function one_to(n)
  local list = nil
  for i = n, 1, -1 do list = {i, list} end
  return list
end

local function is_safe(row, distance, placed)
  if placed == nil then return true end
  return placed[1] ~= row + distance and placed[1] ~= row - distance
    and is_safe(row, distance + 1, placed[2])
end

local function join(reversed, list)
  if reversed == nil then return list end
  return join(reversed[2], {reversed[1], list})
end

-- Tries the rows of `rows`. Those of `tried` are free too, but not for this queen.
local function solve(rows, tried, placed)
  if rows == nil then return tried == nil and 1 or 0 end
  local count = 0
  if is_safe(rows[1], 1, placed) then
    count = solve(join(tried, rows[2]), nil, {rows[1], placed})
  end
  return count + solve(rows[2], {rows[1], tried}, placed)
end

local sum = 0
for _ = 1, 300 do sum = sum + solve(one_to(8), nil, nil) end
print(sum)
