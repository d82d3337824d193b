-- What each script says at its end: one line that tests/bench/run reads.
function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format("FIGURES %d %d %d %d %.0f %.0f %.0f\n", summary.requests, summary.duration, errors.status,
                          errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50),
                          latency:percentile(99), latency.max))
end
