-- POST of distinct forms. Arguments: the form with @PROJECT@ where its project's name goes; a tag; milliseconds of rest
-- before each request (0: none); what to prefer, if anything.
-- The names have one length, so that the head of the request is made once and a request costs one concatenation.
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
   local before, after = form:sub(1, at - 1), form:sub(at + 9)
   local rest = tonumber(args[3])
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
   wrk.headers["Prefer"] = args[4]
   local whole = wrk.format(nil, nil, nil, before .. args[2] .. "-" .. number .. "-00000000" .. after)
   head, tail, count = whole:sub(1, #whole - #after - 8), after, 0
   if rest > 0 then
      function delay() return rest end
   end
end

function request()
   count = count + 1
   return head .. string.format("%08d", count) .. tail
end
