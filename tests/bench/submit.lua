-- POST of distinct forms. Arguments: the form with @PROJECT@ where its project's name goes; a tag; further headers.
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
   tag, count = args[2] .. "-" .. number .. "-", 0
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   if args[3] then wrk.headers["Prefer"] = args[3] end
end

function request()
   count = count + 1
   return wrk.format(nil, nil, nil, before .. tag .. count .. after)
end
