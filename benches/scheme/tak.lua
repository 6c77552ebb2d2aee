-- Calls with three arguments, and tail calls.
local function tak(x, y, z)
  if not (y < x) then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local sum = 0
for _ = 1, 360 do sum = sum + tak(18, 12, 6) end
print(sum)
