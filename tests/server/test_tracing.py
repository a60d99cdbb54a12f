"""What a collector of OpenTelemetry is told: a real server, a real worker's tasks, and a receiver on loopback."""

import gzip
import signal
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from envscout.errors import UsageError
from envscout.work import tracing
from tests.network.server import Receiver, receiving
from tests.server.test_operating import Serving, serving

__all__ = ("serving",)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=k")
        yield found


def spans(collector: Receiver) -> list[Span]:
    found = []
    for each in collector.received:
        assert each.path == "/v1/traces"
        body = gzip.decompress(each.body) if each.headers.get("content-encoding") == "gzip" else each.body
        request = ExportTraceServiceRequest.FromString(body)
        found += [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    return found


def test_requests_and_tasks_are_told_without_what_is_secret(serving: Serving, collector: Receiver) -> None:
    server = serving()
    server.get("/api/v1/environments", traceparent=PARENT)
    server.get("/api/v1/environments?cursor=hushhush", Authorization="Bearer es_hushhush", traceparent=PARENT)
    server.get("/api/v1/environments/hush-name")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    found = {each.name: each for each in spans(collector)}
    assert "GET /api/v1/environments" in found, sorted(found)
    assert any(name.startswith("task ") for name in found)
    assert not any("healthz" in name or "readyz" in name for name in found)
    assert b"hush" not in b"".join(each.body for each in collector.received)
    # Nobody trusts whoever asks.
    assert TRACE not in {each.trace_id.hex() for each in found.values()}


def test_a_trusted_proxy_says_what_a_request_is_part_of(serving: Serving, collector: Receiver) -> None:
    server = serving("--trusted-proxies", "127.0.0.0/8", "--no-worker")
    server.get("/api/v1/environments", traceparent=PARENT)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    (told,) = (each for each in spans(collector) if each.name == "GET /api/v1/environments")
    assert told.trace_id.hex() == TRACE
    assert told.parent_span_id.hex() == "00f067aa0ba902b7"


def test_nobody_is_told_unless_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tracing.is_asked()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    assert tracing.is_asked()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.is_asked()


def test_a_protocol_that_is_not_spoken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(UsageError, match="grpc"):
        tracing.begin()
