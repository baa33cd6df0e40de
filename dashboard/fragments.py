"""What the viewers of a scope have in front of them, kept in Redis for those who join."""

from __future__ import annotations

from core.redis import connect
from telemetry.live import keys

#: Kept this long after the last rendering.
SECONDS = 60

#: Panel name -> HTML.
Fragments = dict[str, str]


def keep(scope_id: str, fragments: Fragments, *, changed: bool) -> None:
    """Write what is about to be pushed, or when nothing has ``changed`` only renew it. Raises RedisError."""
    key = keys.fragments(scope_id)
    if not changed and connect().expire(key, SECONDS):
        return
    pipeline = connect().pipeline()
    pipeline.hset(key, mapping=fragments)
    pipeline.expire(key, SECONDS)
    pipeline.execute()


def present(scope_id: str) -> Fragments:
    """Empty when the scope was not watched; then the next tick renders it. Raises RedisError."""
    return {name.decode(): html.decode() for name, html in connect().hgetall(keys.fragments(scope_id)).items()}


def drop(scope_id: str) -> None:
    """Raises RedisError."""
    connect().delete(keys.fragments(scope_id))
