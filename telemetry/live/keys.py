"""Every Redis key of the live side, with its type and expiry.

The project stands in braces, so that a cluster keeps all of one project's keys on one node and scripts may touch them
together. Keys without an expiry are small and are dropped only with the whole of Redis.
"""

from __future__ import annotations

VIEWERS = "live:viewers"
"""ZSET, no expiry: canonical scope that somebody looks at -> Unix time of the last sign of life."""


def state(project_id: int) -> str:
    """HASH, no expiry: ``epoch`` (id of this filling of Redis), ``first`` (minutes before it are copied from
    ClickHouse, later ones counted here), ``ready`` (the copy is complete), ``revision`` (grows with every change)."""
    return f"live:{{{project_id}}}:state"


def minute(project_id: int, minute: int) -> str:
    """HASH, expires 49 h after its minute: sums of one minute (minutes since 1970), see ``buckets``."""
    return f"live:{{{project_id}}}:{minute}"


def changed(project_id: int) -> str:
    """ZSET, no expiry, trimmed with the minutes: minute that has a bucket -> revision of its last change."""
    return f"live:{{{project_id}}}:changed"


def derived(project_id: int) -> str:
    """SET, no expiry, trimmed with the minutes: minutes from ``first`` on that are copied from ClickHouse too."""
    return f"live:{{{project_id}}}:derived"


def dirty(project_id: int) -> str:
    """ZSET, no expiry: copied minute that must be copied again -> revision at which something was stored in it."""
    return f"live:{{{project_id}}}:dirty"


def repair(project_id: int) -> str:
    """STRING, expires after 30 s: token of the process that is copying."""
    return f"live:{{{project_id}}}:repair"


def fragments(scope_id: str) -> str:
    """HASH, expires 60 s after its last viewer: panel name -> the fragment last pushed to this scope."""
    return f"live:fragments:{scope_id}"
