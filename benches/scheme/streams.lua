-- Primes as a stream: a pair of a value and of a closure that makes the rest.
local function from(n)
  return {n, function() return from(n + 1) end}
end

local function rest(stream)
  return stream[2]()
end

local function filter(keep, stream)
  if keep(stream[1]) then
    return {stream[1], function() return filter(keep, rest(stream)) end}
  end
  return filter(keep, rest(stream))
end

local function sieve(stream)
  local prime = stream[1]
  return {prime, function()
    return sieve(filter(function(n) return n % prime ~= 0 end, rest(stream)))
  end}
end

local function nth(stream, n)
  if n == 0 then return stream[1] end
  return nth(rest(stream), n - 1)
end

print(nth(sieve(from(2)), 2600))
