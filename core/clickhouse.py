"""The only place that opens ClickHouse: chDB in process (``chdb:///folder``) or a server (``clickhouse://…``).

One client handle runs one query at a time, so reads borrow a handle from a small pool. chDB takes one
process per folder; several handles of that process read and write at once.
"""

from __future__ import annotations

import atexit
import functools
import os
import queue
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError
from django.conf import settings


class StoreUnavailable(Exception):
    """ClickHouse does not answer. Senders are told to retry; pages say so in the panel concerned."""


class TookTooLong(StoreUnavailable):
    """The question was stopped at its time limit: ask for less."""


class BadRows(Exception):
    """A value does not fit its column: sending the same rows again will not help."""


#: Errors of the engine that say "not now", by the names that its messages carry.
_NOT_NOW = (
    "MEMORY_LIMIT_EXCEEDED", "TOO_MANY", "NOT_ENOUGH_SPACE", "TIMEOUT_EXCEEDED", "NETWORK_ERROR", "READONLY",
    "KEEPER_EXCEPTION", "CANNOT_WRITE", "CANNOT_OPEN_FILE", "CANNOT_CREATE_DIRECTORY", "ATTEMPT_TO_READ_AFTER_EOF",
    "ALL_CONNECTION_TRIES_FAILED", "UNKNOWN_TABLE", "UNKNOWN_DATABASE", "TABLE_IS_READ_ONLY", "ABORTED",
)  # fmt: skip


@contextmanager
def refusing_bad_rows() -> Iterator[None]:
    """Around an insert: turn what the driver and the engine say of unfit values into BadRows."""
    try:
        yield
    except OperationalError:
        raise
    except DatabaseError as error:
        if any(name in str(error) for name in _NOT_NOW):
            raise
        raise BadRows(str(error)) from error
    except (ValueError, TypeError, AttributeError, OverflowError, struct.error) as error:
        raise BadRows(f"{type(error).__name__}: {error}") from error


#: Applied to the embedded engine, which shares a small machine with everything else. The caps are for the
#: whole process; a query that outgrows its own share spills to disk instead of failing.
EMBEDDED_SERVER_OPTIONS = {
    "max_server_memory_usage": 1_000_000_000,
    "mark_cache_size": 67_108_864,
    "index_mark_cache_size": 16_777_216,
    "primary_index_cache_size": 33_554_432,
    "max_thread_pool_size": 64,
    "max_concurrent_queries": 64,
    # Merging costs as much as inserting. One thread, which gives way to requests, keeps up on average; when it is
    # behind, it merges more parts at once and so does less work in all.
    "background_pool_size": 1,
}
MERGE_THREADS = "MergeMutate"
MERGE_NICENESS = 10
EMBEDDED_QUERY_SETTINGS = {
    "max_threads": 2,
    "max_insert_threads": 1,
    "max_memory_usage": 400_000_000,
    "max_bytes_before_external_group_by": 100_000_000,
    "max_bytes_before_external_sort": 100_000_000,
}
QUERY_SETTINGS = {"max_execution_time": 20}

READ_HANDLES = 4
#: One inserts, one counts what was inserted, one corrects.
WRITE_HANDLES = 3
#: Longer than any question may take (``max_execution_time``).
CLOSING_SECONDS = 25.0


def is_embedded() -> bool:
    return settings.CLICKHOUSE_URL.startswith("chdb:")


def _open() -> Client:
    url = settings.CLICKHOUSE_URL
    try:
        if is_embedded():
            folder = Path(urlsplit(url).path)
            folder.mkdir(parents=True, exist_ok=True)
            client = clickhouse_connect.get_client(
                interface="chdb",
                path=str(folder),
                settings=EMBEDDED_QUERY_SETTINGS | QUERY_SETTINGS,
                chdb_options=EMBEDDED_SERVER_OPTIONS,
                tz_mode="aware",
            )
            _let_merges_give_way()
            _end_at_exit()
            return client
        return clickhouse_connect.get_client(
            dsn=url, settings=QUERY_SETTINGS, autogenerate_session_id=False, tz_mode="aware"
        )
    except (ClickHouseError, OSError) as error:
        raise StoreUnavailable(str(error)) from error


def _let_merges_give_way() -> None:
    """Lower the priority of the engine's merge threads, where the system has one for each thread (Linux)."""
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            if (task / "comm").read_text().strip() == MERGE_THREADS:
                os.setpriority(os.PRIO_PROCESS, int(task.name), MERGE_NICENESS)


class Pool:
    """Client handles, opened when first needed and handed out one borrower at a time."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._free: queue.LifoQueue[Client | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Borrow a handle; StoreUnavailable when the engine cannot be reached."""
        client = self._free.get()
        try:
            if _ended.is_set():
                raise StoreUnavailable("The console is stopping.")
            client = client or _open()
            yield client
        except OperationalError as error:
            raise StoreUnavailable(str(error)) from error
        except DatabaseError as error:
            if "TIMEOUT_EXCEEDED" in str(error):
                raise TookTooLong(str(error)) from error
            if any(name in str(error) for name in _NOT_NOW):
                raise StoreUnavailable(str(error)) from error
            raise
        finally:
            self._free.put(client)

    def close(self) -> None:
        """Waits for what is being asked or written: the engine must not end under a question."""
        free: list[Client | None] = []
        deadline = time.monotonic() + CLOSING_SECONDS
        with suppress(queue.Empty):
            while len(free) < self._size:
                free.append(self._free.get(timeout=max(0.0, deadline - time.monotonic())))
        for client in free:
            if client is not None:
                client.close()
            self._free.put(None)


_pools: dict[str, Pool] = {}
_lock = threading.Lock()
_ended = threading.Event()


def _pool(name: str, size: int) -> Pool:
    with _lock:
        return _pools.setdefault(name, Pool(size))


def reading() -> Pool:
    return _pool("read", READ_HANDLES)


def writing() -> Pool:
    """Writers have handles of their own, so that a slow page never delays an acknowledgement."""
    return _pool("write", WRITE_HANDLES)


def end() -> None:
    """Close for good: a thread that came later would open the engine anew, and die in it together with the process."""
    _ended.set()
    with _lock:
        for pool in _pools.values():
            pool.close()
        _pools.clear()


@functools.cache
def _end_at_exit() -> None:
    """Python ends daemon threads wherever they are; one that is ended inside of the engine takes the process with it.

    Called when the driver is open: what is registered last is called first, and the driver closes its handles itself.
    """
    atexit.register(end)
