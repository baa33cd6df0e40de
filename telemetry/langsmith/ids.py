"""UUIDs that LangSmith's clients know things by, and back to what is stored. Pure.

A run that came as a run is stored under its own UUID. Spans of other origin have shorter ids: their root is known by
the UUID of its trace, as LangSmith itself has it, the others by a UUID that ends with the span's id.
"""

from __future__ import annotations

import re
import uuid

#: Names below it never change: clients keep these ids.
NAMESPACE = uuid.UUID("5f0c7a52-7a0e-5d43-9c0b-8f6f2f1f5a11")
#: The project of runs that name none, as the clients call it.
DEFAULT_SESSION = "default"
_HEX = re.compile(r"[0-9a-f]{1,32}")


def tenant_id(project_id: int) -> uuid.UUID:
    """A project of this console is a workspace to LangSmith."""
    return uuid.uuid5(NAMESPACE, f"project:{project_id}")


def session_id(project_id: int, name: str) -> uuid.UUID:
    """What LangSmith calls a project is kept as the service of a span; one that was given as a UUID keeps it."""
    try:
        return uuid.UUID(name)
    except ValueError:
        return uuid.uuid5(NAMESPACE, f"session:{project_id}:{name or DEFAULT_SESSION}")


def of_id(stored: str) -> uuid.UUID:
    """The UUID of a trace or span id; an id that is no hexadecimal number cannot be found by it again."""
    if _HEX.fullmatch(stored):
        return uuid.UUID(int=int(stored, 16))
    return uuid.uuid5(NAMESPACE, f"id:{stored}")


def run_id(trace_id: str, span_id: str, parent_id: str) -> uuid.UUID:
    if not parent_id and len(span_id) < 32:
        return of_id(trace_id)
    return of_id(span_id)


def stored_ids(run: uuid.UUID) -> list[str]:
    """The span ids that this run may be stored under."""
    return [run.hex, run.hex[16:]] if run.int < 1 << 64 else [run.hex]
