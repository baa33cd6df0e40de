"""Every sender of docs/senders.md, as published, with its settings changed and nothing else."""

from tests.clients.run import run_client


def test_opentelemetry_over_http(console):
    said = run_client(
        "main",
        "otel_http.py",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": console.url, "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={console.key}"},
    )
    spans = console.wait_spans(said["trace_id"], 2)
    assert [(span["name"], span["kind"]) for span in spans] == [("answer", "other"), ("chat gpt-4o-mini", "llm")]
    assert spans[1]["parent_id"] == spans[0]["span_id"]
