-- The sieve of Eratosthenes in a vector.
local function make_vector(length)
  local vector = {}
  for i = 1, length do vector[i] = true end
  return vector
end

local function cross_out(vector, from, step)
  for i = from, #vector - 1, step do vector[i + 1] = false end
end

local function primes_below(limit)
  local vector, count = make_vector(limit), 0
  for i = 2, limit - 1 do
    if vector[i + 1] then
      cross_out(vector, i * 2, i)
      count = count + 1
    end
  end
  return count
end

local sum = 0
for _ = 1, 40 do sum = sum + primes_below(100000) end
print(sum)
