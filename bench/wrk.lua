-- One POST over and over: wrk ... URL -- BODY-FILE [CONTENT-TYPE]. Ends with its figures as JSON.

function init(args)
    local file = assert(io.open(args[1], "rb"))
    wrk.method = "POST"
    wrk.headers["Content-Type"] = args[2] or "application/json"
    wrk.body = file:read("*a")
    file:close()
end

-- Times in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "max": %d, ' ..
        '"refused": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
        summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99), latency.max,
        errors.status, errors.connect, errors.read, errors.write, errors.timeout
    ))
end
