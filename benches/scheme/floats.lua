-- Points of the Mandelbrot set. Each operation makes a floating-point number.
local function steps(cr, ci, limit)
  local zr, zi, i = 0.0, 0.0, 0
  while true do
    local rr, ii = zr * zr, zi * zi
    if i == limit or rr + ii > 4.0 then return i end
    zr, zi, i = rr - ii + cr, 2.0 * (zr * zi) + ci, i + 1
  end
end

local function row(ci, width)
  local cr, sum = -2.0, 0
  for _ = 1, width do
    sum = sum + steps(cr, ci, 100)
    cr = cr + 0.0234375
  end
  return sum
end

local function area(width, height)
  local ci, sum = -1.0, 0
  for _ = 1, height do
    sum = sum + row(ci, width)
    ci = ci + 0.0234375
  end
  return sum
end

local sum = 0
for _ = 1, 12 do sum = sum + area(128, 86) end
print(sum)
