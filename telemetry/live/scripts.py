"""The Lua scripts of the live side, run many at a time in one round trip."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from redis.exceptions import NoScriptError

from core.redis import connect

FOLDER = Path(__file__).parent / "lua"


class Call(NamedTuple):
    keys: Sequence[str]
    arguments: Sequence[Any]


@functools.cache
def _source(name: str) -> tuple[str, str]:
    text = (FOLDER / f"{name}.lua").read_text()
    return text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def run(name: str, *calls: Call) -> list[Any]:
    """Run ``lua/<name>.lua`` once per call and return what each returned. Raises RedisError."""
    text, digest = _source(name)
    found = _evaluate(digest, calls)
    if any(isinstance(result, NoScriptError) for result in found):
        # The server is new. A call that found no script did nothing, so only those are made again.
        connect().script_load(text)
        again = iter(_evaluate(digest, [c for c, r in zip(calls, found, strict=True) if isinstance(r, NoScriptError)]))
        found = [next(again) if isinstance(result, NoScriptError) else result for result in found]
    for result in found:
        if isinstance(result, Exception):
            raise result
    return found


def _evaluate(digest: str, calls: Sequence[Call]) -> list[Any]:
    pipeline = connect().pipeline(transaction=False)
    for call in calls:
        pipeline.evalsha(digest, len(call.keys), *call.keys, *call.arguments)
    return pipeline.execute(raise_on_error=False)
