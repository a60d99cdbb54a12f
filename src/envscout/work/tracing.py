"""What was done and how long it took, told to a collector of OpenTelemetry where its standard variables name one.

A span is told when it has ended. It holds names and numbers alone: no path, no query, no header, no text of an error.
"""

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from envscout import __version__
from envscout.errors import UsageError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PARENT = ("traceparent", "tracestate")

_lock = threading.Lock()
_providers: "list[TracerProvider]" = []
"""One at most, once this process has begun to tell."""

_PATIENCE = 5_000
"""Milliseconds for what is left to be sent."""

Value = str | int | bool


def is_asked() -> bool:
    """Return whether the environment names a collector that is to be told."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return any(os.environ.get(each) for each in _ENDPOINTS)


def begin() -> None:
    """Tell from now on what this process does, if that is asked for. Raise UsageError where that cannot be."""
    if not is_asked():
        return
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), "http/protobuf")
    if protocol != "http/protobuf":
        raise UsageError(f"spans are sent as http/protobuf, not as {protocol[:50]}", f"set {_PROTOCOLS[0]}")
    with _lock:
        if not _providers:
            try:
                _providers.append(_provider())
            except ImportError as error:
                raise UsageError(
                    f"to tell {_ENDPOINTS[0]} needs a library that is not here: {error.name}",
                    "pip install 'envscout[otel]', or unset it",
                ) from error


def _provider() -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    about = {"service.version": __version__} | ({} if named else {"service.name": "envscout"})
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def flush() -> None:
    """Send what was not sent yet."""
    for each in _providers:
        each.force_flush(_PATIENCE)


def end() -> None:
    """Send what was not sent yet, and tell no more."""
    with _lock:
        while _providers:
            _providers.pop().shutdown()


def tell(
    name: str,
    kind: Literal["server", "internal"],
    times: tuple[int, int],
    about: Mapping[str, Value],
    *,
    failed: bool = False,
    parent: Mapping[str, str] | None = None,
) -> None:
    """Tell of something that has ended. times: its beginning and end, nanoseconds since 1970.

    parent: headers of whoever is believed, as W3C's Trace Context has them.
    """
    if not _providers:
        return
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    span = (
        _providers[0]
        .get_tracer("envscout", __version__)
        .start_span(
            name,
            context=TraceContextTextMapPropagator().extract({key: (parent or {}).get(key, "") for key in _PARENT}),
            kind=SpanKind.SERVER if kind == "server" else SpanKind.INTERNAL,
            attributes=dict(about),
            start_time=times[0],
        )
    )
    if failed:
        span.set_status(StatusCode.ERROR)
    span.end(times[1])
