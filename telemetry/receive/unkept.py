"""Signals that are not kept: counted, so that the sender is told how much was refused and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from telemetry.dialects.decoded import BadBody, Decoded

POINT_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
PROTOBUF_POINT_KINDS = ("gauge", "sum", "histogram", "exponential_histogram", "summary")


@dataclass(frozen=True, slots=True)
class Unkept:
    """A signal whose items are refused: its message type, how to count them, and the reason."""

    message: type[Message]
    levels: tuple[str, str, str]
    reason: str

    def decode(self, body: bytes, *, json: bool) -> Decoded:
        """Everything of the body as refused. Raises BadBody when it is no export request."""
        items = list(self._items_of_json(body) if json else self._items(body))
        count = sum(map(_points, items)) if self.levels[-1] == "metrics" else len(items)
        return Decoded(rejected=count, message=self.reason if count else "")

    def _items(self, body: bytes) -> Iterable[Any]:
        try:
            request = self.message.FromString(body)
        except DecodeError:
            raise BadBody(f"The body is no {self.message.DESCRIPTOR.name} in protobuf.") from None
        resources, scopes, items = self.levels
        for resource in getattr(request, resources):
            for scope in getattr(resource, scopes):
                yield from getattr(scope, items)

    def _items_of_json(self, body: bytes) -> Iterable[Any]:
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadBody(f"The body is no JSON: {error}") from None
        found = [request]
        for level in map(_camel, self.levels):
            found = [item for holder in found for item in _listed(holder, level)]
        return found


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest))


def _listed(holder: Any, key: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(holder, dict):
        raise BadBody(f"{key}: is not inside an object")
    items = holder.get(key, [])
    if not isinstance(items, list):
        raise BadBody(f"{key}: must be a list")
    return items


def _points(metric: Any) -> int:  # noqa: ANN401
    if isinstance(metric, dict):
        return sum(len(_listed(metric[kind], "dataPoints")) for kind in POINT_KINDS if kind in metric)
    return sum(len(getattr(metric, kind).data_points) for kind in PROTOBUF_POINT_KINDS if metric.HasField(kind))


METRICS = Unkept(
    ExportMetricsServiceRequest,
    ("resource_metrics", "scope_metrics", "metrics"),
    "Metrics are not kept: calls, latency, tokens and cost are counted from spans. Send traces to /v1/traces.",
)
LOGS = Unkept(
    ExportLogsServiceRequest,
    ("resource_logs", "scope_logs", "log_records"),
    "Log records are not kept. Let the instrumentation put messages on spans and send traces to /v1/traces.",
)
