-- GET of submissions in turn. Arguments: a file with "id etag" lines; "304" to send the tag along.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")
function init(args)
   requests = {}
   for line in io.lines(args[1]) do
      local id, tag = line:match("(%S+) (%S+)")
      if args[2] == "304" then wrk.headers["If-None-Match"] = tag end
      requests[#requests + 1] = wrk.format("GET", "/v1/submissions/" .. id)
   end
   at = 0
end

function request()
   at = at % #requests + 1
   return requests[at]
end
