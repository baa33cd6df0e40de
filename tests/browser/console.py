"""What the browser tests do beside the browser: send telemetry over OTLP/HTTP as any client does."""

import json
import secrets
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path


def attribute(key: str, value: str | int | float) -> dict:
    kind = {str: "stringValue", int: "intValue", float: "doubleValue"}[type(value)]
    return {"key": key, "value": {kind: str(value) if isinstance(value, int) else value}}


@dataclass(frozen=True)
class Console:
    url: str
    log: Path

    def send(
        self,
        count: int = 1,
        *,
        error: str = "",
        seconds_ago: float = 2,
        score: float | None = None,
        model: str = "gpt-4o-mini",
        feature: str = "chat",
        answer: str = "The sky is blue because air scatters blue light.",
    ) -> list[str]:
        """Store calls of a model and return their trace ids."""
        end = time.time_ns() - int(seconds_ago * 1e9)
        spans = []
        for _ in range(count):
            attributes = [
                attribute("gen_ai.operation.name", "chat"),
                attribute("gen_ai.provider.name", "openai"),
                attribute("gen_ai.request.model", model),
                attribute("gen_ai.usage.input_tokens", 1000),
                attribute("gen_ai.usage.output_tokens", 500),
                attribute("ai.feature", feature),
                attribute("input.value", "Why is the sky blue?"),
                attribute("output.value", answer),
            ]
            if error:
                attributes.append(attribute("error.type", error))
            if score is not None:
                attributes.append(attribute("ai.quality_score", float(score)))
            spans.append(
                {
                    "traceId": secrets.token_hex(16),
                    "spanId": secrets.token_hex(8),
                    "name": f"chat {model}",
                    "kind": 3,
                    "startTimeUnixNano": str(end - 800_000_000),
                    "endTimeUnixNano": str(end),
                    "attributes": attributes,
                    "status": {"code": 2, "message": error} if error else {},
                }
            )
        body = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}
        request = urllib.request.Request(
            f"{self.url}/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            assert response.status == 200
            assert json.load(response) in ({}, {"partialSuccess": {}})
        return [span["traceId"] for span in spans]

    def calls(self, since: str) -> int:
        """Calls of models that are stored."""
        with urllib.request.urlopen(f"{self.url}/api/v1/summary?from={since}", timeout=20) as response:
            return json.load(response)["calls"]
