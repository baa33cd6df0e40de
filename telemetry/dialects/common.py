"""Names that belong to OpenTelemetry at large, or to several dialects at once: they tell nothing of who speaks."""

from __future__ import annotations

from telemetry.dialects import events
from telemetry.dialects.metadata import METADATA, SECRET_PREFIXES, prefixed
from telemetry.dialects.table import Dialect
from telemetry.dialects.values import texts

_PREFIXED = prefixed("metadata.")

COMMON = Dialect(
    name="otel",
    fields=_PREFIXED
    | {
        # OpenInference: who serves the model, then whose product it is. The first is a plain name too.
        "provider": ["llm.provider", "llm.system"],
        "user_id": ["user.id", "enduser.id", *_PREFIXED["user_id"]],
        "session_id": ["session.id", *_PREFIXED["session_id"]],
        "feature": ["feature", "app.feature", *_PREFIXED["feature"]],
        "environment": ["deployment.environment.name", "deployment.environment", *_PREFIXED["environment"]],
        "release": ["service.version", *_PREFIXED["release"]],
        "service": ["service.name"],
        "experiment": ["feature_flag.key", *_PREFIXED["experiment"]],
        "variant": ["feature_flag.result.variant", "feature_flag.variant", *_PREFIXED["variant"]],
        "tags": [("tags", texts), ("metadata.tags", texts)],
        "input": ["input.value"],
        "output": ["output.value"],
        "error_name": ["error.type", "exception.type"],
        "exception_message": ["error.message", "exception.message"],
        "status_code": ["http.response.status_code", "http.status_code", "error.code"],
    },
    events={
        "exception": events.exception,
        "feature_flag": events.feature_flag,
        "feature_flag.evaluation": events.feature_flag,
    },
    hidden=tuple(f"{base}{secret}" for base in ("metadata.", "") for secret in SECRET_PREFIXES),
)

#: Every key that metadata may hold for a field, for tests and docs.
METADATA_KEYS = METADATA
