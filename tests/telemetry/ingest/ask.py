"""Raw questions to the store, for tests alone."""

from typing import Any

from core import clickhouse


def ask(sql: str, **parameters: Any) -> list[tuple]:
    with clickhouse.reading().client() as client:
        return [tuple(row) for row in client.query(sql, parameters=parameters).result_rows]


def value(sql: str, **parameters: Any) -> Any:
    return ask(sql, **parameters)[0][0]
