-- Builds texts of nested lists of numbers, and parses them character by character.
local byte = string.byte

local function text(depth)
  if depth == 0 then return tostring(1234) end
  return "(" .. text(depth - 1) .. " " .. text(depth - 1) .. ")"
end

local parse_list, parse_number

-- The results of the parser: a datum and where it ends.
local function parse(string, at)
  if byte(string, at) == 40 then return parse_list(string, at + 1, nil) end
  return parse_number(string, at, 0)
end

local function is_digit(character)
  return character >= 48 and character <= 57
end

function parse_number(string, at, number)
  if at <= #string and is_digit(byte(string, at)) then
    return parse_number(string, at + 1, number * 10 + byte(string, at) - 48)
  end
  return {number, at}
end

function parse_list(string, at, done)
  if byte(string, at) == 41 then return {done, at + 1} end
  if byte(string, at) == 32 then return parse_list(string, at + 1, done) end
  local result = parse(string, at)
  return parse_list(string, result[2], {result[1], done})
end

local function total(datum)
  if type(datum) == "table" then return total(datum[1]) + total(datum[2]) end
  return datum or 0
end

local sum = 0
for _ = 1, 360 do sum = sum + total(parse(text(10), 1)[1]) end
print(sum)
