-- One machine for each thread of wrk: what its Host says.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(words)
  wrk.headers["Host"] = "mach-" .. number .. ".machines." .. words[1]
  wrk.format("GET")
end
