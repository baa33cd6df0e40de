"""SQL connections of threads that live for long."""

from __future__ import annotations

from django.db import connections


def drop_dead_connections() -> None:
    """Close this thread's connections that are too old or broken, but never one inside a transaction.

    Django's ``close_old_connections`` would close that too, because a transaction looks to it like a forgotten one.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
