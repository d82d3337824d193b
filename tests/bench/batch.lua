-- POST of batches of distinct forms. Arguments: the form with @PROJECT@ where its project's name goes; a tag; lines a batch.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")
local threads = 0
function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

function init(args)
   local file = assert(io.open(args[1]))
   local form = file:read("a")
   file:close()
   local at = form:find("@PROJECT@", 1, true)
   before, after = form:sub(1, at - 1), form:sub(at + 9)
   tag, count, lines = args[2] .. "-" .. number .. "-", 0, tonumber(args[3])
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/x-ndjson"
end

function request()
   local body = {}
   for i = 1, lines do
      count = count + 1
      body[i] = before .. tag .. count .. after
   end
   return wrk.format(nil, nil, nil, table.concat(body, "\n"))
end
