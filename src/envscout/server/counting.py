"""What a process counts while it serves. With several processes the counts are shared through files."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("envscout_http_requests", "Requests answered", ("method", "route", "status"))
SECONDS = Histogram(
    "envscout_http_request_seconds",
    "Seconds to answer a request",
    ("route",),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_FLIGHT = Gauge("envscout_http_requests_in_flight", "Requests being answered", multiprocess_mode="livesum")
