-- An evaluator of Scheme in Lua, whose environments are association lists.
local evaluate

local function assq(name, environment)
  while environment[1][1] ~= name do environment = environment[2] end
  return environment[1]
end

local function evaluate_all(list, environment)
  if list == nil then return nil end
  return {evaluate(list[1], environment), evaluate_all(list[2], environment)}
end

local function bind(names, values, environment)
  if names == nil then return environment end
  return {{names[1], values[1]}, bind(names[2], values[2], environment)}
end

function evaluate(e, environment)
  if type(e) == "string" then return assq(e, environment)[2] end
  if type(e) ~= "table" then return e end
  if e[1] == "if" then
    if evaluate(e[2][1], environment) then return evaluate(e[2][2][1], environment) end
    return evaluate(e[2][2][2][1], environment)
  end
  if e[1] == "lambda" then
    return function(arguments)
      return evaluate(e[2][2][1], bind(e[2][1], arguments, environment))
    end
  end
  return evaluate(e[1], environment)(evaluate_all(e[2], environment))
end

local function list(first, ...)
  if first == nil then return nil end
  return {first, list(...)}
end

local globals = list(
  {"+", function(arguments) return arguments[1] + arguments[2][1] end},
  {"-", function(arguments) return arguments[1] - arguments[2][1] end},
  {"<", function(arguments) return arguments[1] < arguments[2][1] end})

-- fib gets itself as an argument.
local program = list(
  list("lambda", list("fib"), list("fib", "fib", 25)),
  list("lambda", list("self", "n"),
    list("if", list("<", "n", 2),
      "n",
      list("+", list("self", "self", list("-", "n", 1)),
        list("self", "self", list("-", "n", 2))))))

print(evaluate(program, globals))
