"""The only door to what happened: insert, ask, migrate.

Questions live in ``<app>/sql/<name>.sql`` and are asked by query modules with ``rows``; values travel as
server-side parameters, never as text.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.conf import settings

from core import clickhouse
from core.clickhouse import BadRows, StoreUnavailable, TookTooLong

__all__ = [
    "BadRows", "StoreUnavailable", "TookTooLong",
    "insert", "migrate", "numbers", "ping", "rows", "run", "text", "together",
]  # fmt: skip

SCHEMA_FOLDER = Path(__file__).parent / "schema"
APPLIED_TABLE = "schema_migrations"

Row = TypeVar("Row", bound=NamedTuple)
One = TypeVar("One")
Other = TypeVar("Other")
NO_PIECES: Mapping[str, str] = {}


def _without_comments(sql: str) -> str:
    return re.sub(r"^\s*--.*\n", "", sql, flags=re.MULTILINE)


@functools.cache
def _sql(question: str) -> str:
    app, _, name = question.partition("/")
    return _without_comments((Path(settings.BASE_DIR) / app / "sql" / f"{name}.sql").read_text())


def text(question: str, pieces: Mapping[str, str]) -> str:
    """The text of a question with ``pieces`` in place of its marks, for use inside another."""
    sql = _sql(question)
    for name, piece in pieces.items():
        sql = sql.replace(f"/*{name}*/", piece)
    return sql


def rows(
    row_type: type[Row], question: str, *, where: str = "", pieces: Mapping[str, str] = NO_PIECES, **parameters: Any
) -> list[Row]:
    """Ask ``<app>/sql/<name>.sql`` and return typed rows, columns in the order of ``row_type``'s fields.

    ``where`` replaces ``/*filters*/`` in the file; it comes from ``telemetry.filters`` alone, which builds
    it from a whitelist. ``pieces`` replace other such marks; they never come from outside.
    Raises StoreUnavailable when the engine does not answer.
    """
    sql = text(question, {"filters": where, **pieces})
    with clickhouse.reading().client() as client:
        result = client.query(sql, parameters=parameters)
    return [row_type(*row) for row in result.result_rows]


def numbers(question: str, **parameters: Any) -> np.ndarray:
    """Ask for one UInt64 column and get it as an array, millions in milliseconds. Raises StoreUnavailable."""
    with clickhouse.reading().client() as client:
        raw = client.raw_query(_sql(question), parameters=parameters, fmt="RowBinary")
    return np.frombuffer(raw, np.uint64)


def together(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """The answers of both, asked at the same time: most of a question's time is one thread planning it.

    ``other`` runs in a thread of its own, so it asks this store alone. Raises what either raises, ``one`` first.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ask") as thread:
        beside = thread.submit(other)
        return one(), beside.result()


def insert(table: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Store columns of equal length; returns when they are on disk.

    Raises StoreUnavailable, or BadRows when a value does not fit its column.
    """
    # A column of nothing but defaults need not be sent: the engine fills it in at no cost.
    filled = {name: values for name, values in columns.items() if any(values)}
    types = _column_types(table)
    with clickhouse.writing().client() as client, clickhouse.refusing_bad_rows():
        client.insert(
            table,
            list(filled.values()),
            column_names=list(filled),
            # Given, so that the driver need not ask for them before every insert.
            column_type_names=[types[name] for name in filled],
            column_oriented=True,
        )


class _Column(NamedTuple):
    name: str
    type: str


@functools.cache
def _column_types(table: str) -> dict[str, str]:
    return dict(rows(_Column, "telemetry/column_types", table=table))


def run(question: str, *, pieces: Mapping[str, str] = NO_PIECES, **parameters: Any) -> None:
    """Run the statement in ``<app>/sql/<name>.sql``, which returns nothing. Raises StoreUnavailable."""
    command(text(question, pieces), **parameters)


def command(sql: str, **parameters: Any) -> None:
    """Run a statement that returns nothing (deletes, optimisations). Raises StoreUnavailable."""
    with clickhouse.writing().client() as client:
        client.command(sql, parameters=parameters)


def ping() -> None:
    """Raise StoreUnavailable unless a real read of ``spans`` answers."""
    with clickhouse.reading().client() as client:
        client.query("SELECT 1 FROM spans LIMIT 1")


class Retention(NamedTuple):
    """Rows are dropped this many days after the moment in ``column``."""

    column: str
    days: int


def _retention() -> dict[str, Retention]:
    """Raw telemetry counts from its receipt, so that what is sent late is kept as long as all else."""
    raw = Retention("toDateTime(received_at)", settings.ONWATCH_RETENTION_DAYS)
    minutes = Retention("minute", settings.ONWATCH_ROLLUP_RETENTION_DAYS)
    hours = Retention("minute", settings.ONWATCH_HOURLY_RETENTION_DAYS)
    return {
        "spans": raw,
        "scores": raw,
        "span_content": raw,
        "metric_points": raw,
        "metric_points_5m": minutes._replace(column="slot"),
        "metric_points_1h": hours._replace(column="slot"),
        "metric_series": hours._replace(column="toDateTime(received_at)"),
        "spans_1m": minutes,
        "scores_1m": minutes,
        "spans_1h": hours,
        "scores_1h": hours,
        "spend_15m": hours._replace(column="slot"),
    }


def _statements(text: str) -> list[str]:
    return [statement.strip() for statement in _without_comments(text).split(";") if statement.strip()]


def migrate() -> list[str]:
    """Apply the schema files that are new, in order, and set retention. Returns the names applied."""
    with clickhouse.writing().client() as client:
        client.command(
            f"CREATE TABLE IF NOT EXISTS {APPLIED_TABLE} (name String, applied_at DateTime DEFAULT now())"
            " ENGINE = MergeTree ORDER BY name"
        )
        done = {row[0] for row in client.query(f"SELECT name FROM {APPLIED_TABLE}").result_rows}
        fresh = [path for path in sorted(SCHEMA_FOLDER.glob("*.sql")) if path.stem not in done]
        for path in fresh:
            for statement in _statements(path.read_text()):
                client.command(statement)
            client.insert(APPLIED_TABLE, [[path.stem]], column_names=["name"])
        if not clickhouse.is_embedded():
            for feed in ("telemetry/feed_counted_spans", "telemetry/feed_counted_scores"):
                client.command(_sql(feed))
        for table, kept in _retention().items():
            (definition,) = client.query(
                "SELECT create_table_query FROM system.tables"
                " WHERE database = currentDatabase() AND name = {table:String}",
                parameters={"table": table},
            ).first_row
            if f"toIntervalDay({kept.days})" not in definition:
                client.command(
                    f"ALTER TABLE {table} MODIFY TTL {kept.column} + INTERVAL {kept.days} DAY",
                    settings={"materialize_ttl_after_modify": 0},
                )
    return [path.stem for path in fresh]
