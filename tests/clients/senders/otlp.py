"""Clients that speak OTLP."""

from __future__ import annotations

from tests.clients.senders.sender import Sender

HTTP = {"OTEL_EXPORTER_OTLP_ENDPOINT": "{url}", "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key={key}"}
PHOENIX = ("arize-phoenix-otel", "openinference-instrumentation-openai")
LATEST = {"OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental"}
CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

SENDERS = (
    Sender(
        slug="otel-http",
        title="OpenTelemetry SDK, OTLP/HTTP with protobuf",
        packages=("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"),
        environment="main",
        program="otel_http.py",
        settings=HTTP,
        spans=6,
    ),
    Sender(
        slug="otel-grpc",
        title="OpenTelemetry SDK, OTLP/gRPC",
        packages=("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-grpc"),
        environment="main",
        program="otel_grpc.py",
        settings={"OTEL_EXPORTER_OTLP_ENDPOINT": "{grpc}", "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key={key}"},
        options={"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
        options_say="Less on the wire; works over HTTP as well.",
        spans=6,
    ),
    Sender(
        slug="otel-json",
        title="OpenTelemetry SDK for JavaScript, OTLP/HTTP with JSON",
        packages=("@opentelemetry/sdk-trace-node", "@opentelemetry/exporter-trace-otlp-http"),
        environment="node",
        program="otel_json.mjs",
        settings=HTTP,
        spans=4,
    ),
    Sender(
        slug="openai-v2-latest",
        title="OpenTelemetry's instrumentation of OpenAI, latest conventions",
        packages=("opentelemetry-instrumentation-openai-v2", "opentelemetry-util-genai"),
        environment="main",
        program="openai_v2.py",
        settings=HTTP,
        options=LATEST | {CONTENT: "span_only"},
        options_say="The present conventions, with what was said.",
        spans=6,
    ),
    Sender(
        slug="openai-v2-default",
        title="OpenTelemetry's instrumentation of OpenAI, as it comes",
        packages=("opentelemetry-instrumentation-openai-v2", "opentelemetry-util-genai"),
        environment="main",
        program="openai_v2.py",
        settings=HTTP,
        options={CONTENT: "true"},
        options_say="With what was said, in log records.",
        spans=6,
    ),
    Sender(
        slug="util-genai",
        title="OpenTelemetry's GenAI utilities",
        packages=("opentelemetry-util-genai",),
        environment="util-genai",
        program="util_genai.py",
        settings=HTTP,
        options=LATEST | {CONTENT: "span_only"},
        options_say="The present conventions, with what was said.",
        spans=6,
    ),
    Sender(
        slug="openinference",
        title="OpenInference with arize-phoenix-otel",
        packages=PHOENIX,
        environment="main",
        program="openinference_phoenix.py",
        settings={"PHOENIX_COLLECTOR_ENDPOINT": "{url}", "PHOENIX_API_KEY": "{key}"},
        spans=6,
    ),
    Sender(
        slug="openinference-http",
        title="OpenInference with arize-phoenix-otel, over HTTP",
        packages=PHOENIX,
        environment="main",
        program="openinference_http.py",
        settings={"PHOENIX_COLLECTOR_ENDPOINT": "{url}", "PHOENIX_API_KEY": "{key}"},
        spans=6,
    ),
    Sender(
        slug="traceloop",
        title="OpenLLMetry (Traceloop SDK)",
        packages=("traceloop-sdk", "opentelemetry-instrumentation-openai"),
        environment="main",
        program="traceloop_sdk.py",
        settings={"TRACELOOP_BASE_URL": "{url}", "TRACELOOP_API_KEY": "{key}"},
        spans=7,
    ),
    Sender(
        slug="openlit",
        title="OpenLIT SDK",
        packages=("openlit",),
        environment="gateways",
        program="openlit_sdk.py",
        settings=HTTP,
        spans=11,
    ),
    Sender(
        slug="litellm",
        title="LiteLLM, callback `otel`",
        packages=("litellm",),
        environment="gateways",
        program="litellm_otel.py",
        settings=HTTP | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
        spans=9,
    ),
    Sender(
        slug="litellm-langfuse",
        title="LiteLLM, callback `langfuse_otel`",
        packages=("litellm",),
        environment="gateways",
        program="litellm_langfuse.py",
        settings={"LANGFUSE_OTEL_HOST": "{url}", "LANGFUSE_PUBLIC_KEY": "any", "LANGFUSE_SECRET_KEY": "{key}"},
        spans=9,
    ),
)
