-- Derivatives of an expression, which is a list of symbols, numbers and lists.
local derive

local function derive_all(list)
  if list == nil then return nil end
  return {derive(list[1]), derive_all(list[2])}
end

local function quotients(list)
  if list == nil then return nil end
  return {{"/", {derive(list[1]), {list[1], nil}}}, quotients(list[2])}
end

function derive(e)
  if type(e) ~= "table" then return e == "x" and 1 or 0 end
  if e[1] == "+" then return {"+", derive_all(e[2])} end
  if e[1] == "-" then return {"-", derive_all(e[2])} end
  if e[1] == "*" then return {"*", {e, {{"+", quotients(e[2])}, nil}}} end
  return false
end

local function size(e)
  if type(e) ~= "table" then return 1 end
  return 1 + size(e[1]) + size(e[2])
end

local function list(first, ...)
  if first == nil then return nil end
  return {first, list(...)}
end

local expression = list("+", list("*", 3, "x", "x"), list("*", "a", "x", "x"),
  list("*", "b", "x"), list("-", list("*", 5, "x"), list("+", "x", 1)), 5)

local sum = 0
for _ = 1, 60000 do sum = sum + size(derive(expression)) end
print(sum)
