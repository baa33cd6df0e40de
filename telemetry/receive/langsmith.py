"""LangSmith's REST protocol, as far as its clients need it to send runs and feedback. What they read is answered by
``telemetry.langsmith``.

Served under ``/api/v1`` (the address to document), ``/api`` and the root, because a client appends its paths to
whatever it was given.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from accounts.keys import Caller, KeyRefused
from core.connections import drop_dead_connections
from telemetry import counters, lenient_json, pending
from telemetry.dialects import multipart
from telemetry.dialects.decoded import BadBody, BadItem, Decoded
from telemetry.dialects.multipart import Parts
from telemetry.dialects.values import MAX_LABEL
from telemetry.group import Backlogged, committer
from telemetry.langsmith import feedback, runs
from telemetry.langsmith.feedback import Given
from telemetry.langsmith.runs import Joined, Run
from telemetry.lenient_json import BadJson
from telemetry.receive import body
from telemetry.receive.body import BadEncoding, Disconnected, TooLarge, UnknownEncoding
from telemetry.receive.http import Reply, Request
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

OUR_FAULT = "This request met a fault of the console, which is in its log."

#: What the clients read when they start; every key of the batch configuration must be there.
INFO: dict[str, Any] = {
    "version": "0.18.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_971_520,
        "scale_up_nthreads_limit": 16,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
    "instance_flags": {"zstd_compression_enabled": True, "gzip_body_enabled": True},
}

#: Fields of a run that travel in parts of their own.
RUN_PARTS = frozenset({"inputs", "outputs", "events", "extra", "error", "serialized"})
TOLD_AS_JSON = ("post.", "patch.", "feedback.")

#: One, because what it does is nearly all Python: more would only take turns with each other and with the committer.
_joiner = ThreadPoolExecutor(1, thread_name_prefix="joiner")


class Sent(NamedTuple):
    """What a request brought: pieces of runs, as their client calls them, judgements, and names of other parts."""

    posts: list[Run]
    patches: list[Run]
    feedback: list[dict[str, Any]]
    unknown: Sequence[str] = ()

    @property
    def not_kept(self) -> list[str]:
        """One message for each of the other parts."""
        return [f"part {name[:MAX_LABEL]}: is not known here, and not kept" for name in self.unknown]


Read = Callable[[bytes, Request], Sent]


def _object(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise BadBody(f"{where}: must be a JSON object")
    return value


def _json(content: bytes, where: str) -> Any:  # noqa: ANN401
    try:
        return lenient_json.loads(content)
    except BadJson as error:
        raise BadBody(f"{where}: is no JSON ({error})") from None


def _judgement(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    if lenient_json.is_too_deep(value):
        raise BadBody(f"{where}: {lenient_json.TOO_DEEP}")
    return _object(value, where)


def _list(value: Any, where: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise BadBody(f"{where}: must be a list")
    return value


def read_multipart(raw: bytes, request: Request) -> Sent:
    """``post.ID``, ``patch.ID`` with their fields in parts of their own, ``attachment.ID.NAME`` and ``feedback.ID``."""
    parts = multipart.parts(raw, request.headers.get("content-type", ""))
    posts: dict[str, Run] = {}
    patches: dict[str, Run] = {}
    given = []
    unknown = []
    for place, (name, value) in enumerate(zip(parts.names, _values(parts), strict=True)):
        event, _, rest = name.partition(".")
        identity, _, field = rest.partition(".")
        if event == "feedback":
            given.append(_judgement(value, name))
            continue
        pieces = posts if event == "post" else patches
        if event == "attachment":
            # Its bytes are not kept: what a run is judged by is text.
            size, kind = len(parts.contents[place]), multipart.media_type(parts.heads[place])
            run = pieces.setdefault(identity, {"id": identity})
            run.setdefault("attachments", []).append({"name": field, "mime_type": kind, "bytes": size})
        elif identity and event in ("post", "patch") and (not field or field in RUN_PARTS):
            run = pieces.get(identity)
            if run is None:
                run = pieces[identity] = {"id": identity}
            if field:
                run[field] = value
            else:
                run |= _object(value, name)
        else:
            unknown.append(name)
    sent = Sent(list(posts.values()), list(patches.values()), given, unknown)
    if unknown and not (posts or patches or given):
        raise BadBody(f"{sent.not_kept[0]}; the body holds nothing else")
    return sent


def _values(parts: Parts) -> list[Any]:
    """What each part says. Nearly always they are plain JSON, and reading all at once takes half the time."""
    try:
        values = orjson.loads(b"[" + b",".join(parts.contents) + b"]")
        if len(values) == len(parts.contents):
            return values
    except orjson.JSONDecodeError:
        pass
    told = zip(parts.names, parts.contents, strict=True)
    return [_json(content, name) if name.startswith(TOLD_AS_JSON) else None for name, content in told]


def read_batch(raw: bytes, request: Request) -> Sent:
    batch = _object(_json(raw, "body"), "body")
    if batch.keys().isdisjoint(("post", "patch")):
        raise BadBody("body: holds neither post nor patch")
    return Sent(_list(batch.get("post") or [], "post"), _list(batch.get("patch") or [], "patch"), [])


def read_run(raw: bytes, request: Request) -> Sent:
    """One run; a patch names it in the path and sends null for all that it does not know."""
    run = _object(_json(raw, "body"), "body")
    if request.method != "PATCH":
        return Sent([run], [], [])
    run["id"] = request.path.rstrip("/").rpartition("/")[2]
    return Sent([], [run], [])


def read_feedback(raw: bytes, request: Request) -> Sent:
    return Sent([], [], [_judgement(_json(raw, "body"), "body")])


def _problem(status: int, detail: str, **headers: str) -> Reply:
    return Reply(status, orjson.dumps({"detail": detail}), headers=headers)


def _later() -> Reply:
    counters.count("onwatch_requests_refused_total")
    return _problem(503, "The store does not answer. Send it again in a moment.", **{"retry-after": "2"})


def taking(read: Read, methods: tuple[str, ...]) -> Callable[[Request], Awaitable[Reply]]:
    """A handler that stores what ``read`` finds in the body; 202 when it is stored or durably waiting for its end."""

    async def handler(request: Request) -> Reply:
        if request.method not in methods:
            return _problem(405, f"{request.path} takes {' and '.join(methods)}.", allow=", ".join(methods))
        try:
            caller = await request.caller()
            raw = await body.read(
                request.receive,
                limit=settings.ONWATCH_MAX_BODY_BYTES,
                declared=request.headers.get("content-length", ""),
            )
            refused, items = await _take(raw, request, read, caller)
        except KeyRefused as error:
            return _problem(error.status, str(error))
        except TooLarge as error:
            return _problem(413, str(error))
        except UnknownEncoding as error:
            return _problem(415, str(error))
        except (BadBody, BadEncoding) as error:
            return _problem(400, str(error))
        except (Backlogged, StoreUnavailable, DatabaseError):
            return _later()
        except Disconnected:
            raise
        except Exception:
            logger.exception("A request of a LangSmith client failed by a fault of ours.")
            return _problem(500, OUR_FAULT)
        if refused and read in (read_run, read_feedback):
            return _problem(422, "; ".join(refused))
        answer = orjson.dumps({"message": "Stored", "refused": refused[:20]})
        return Reply(202, answer, items=items, refused=refused)

    return handler


async def _take(raw: bytes, request: Request, read: Read, caller: Caller) -> tuple[list[str], int]:
    """What was refused and why, and how many pieces are good.

    Runs that are told whole go the way of all spans: decoded and stored together with what others send. A patch that
    came before one of them finds it by itself. Other pieces are joined before, in a thread that may wait for SQL.
    """
    try:
        decoded = await committer().commit(
            raw, functools.partial(_decode_whole, request=request, read=read, caller=caller)
        )
    except _InPieces as pieces:
        return await _take_pieces(raw, pieces.sent, caller)
    return decoded.refused, len(decoded.spans)


class _InPieces(Exception):
    """There is more in the request than runs that it tells whole."""

    def __init__(self, sent: Sent) -> None:
        super().__init__()
        self.sent = sent


def _decode_whole(raw: bytes, *, request: Request, read: Read, caller: Caller) -> tuple[Decoded, int]:
    """The spans of runs that are told whole. Raises _InPieces."""
    encoding = request.headers.get("content-encoding", "")
    plain = body.decompress(raw, encoding, limit=settings.ONWATCH_MAX_DECODED_BYTES)
    sent = read(plain, request)
    joined = None if sent.feedback else runs.translate(sent.posts, sent.patches, caller)
    if joined is None:
        raise _InPieces(_for_sql(sent, plain))
    refused = joined.refused + sent.not_kept
    return Decoded(spans=joined.spans, rejected=len(refused), refused=refused), len(plain)


def _for_sql(sent: Sent, plain: bytes) -> Sent:
    try:
        return Sent(*body.for_sql(list(sent), plain))
    except BadJson as error:
        raise BadBody(f"body: {error}") from None


async def _take_pieces(raw: bytes, sent: Sent, caller: Caller) -> tuple[list[str], int]:
    """A judgement comes after what it judges."""
    in_thread = functools.partial(asyncio.get_running_loop().run_in_executor, _joiner)
    with committer().coming():
        joined, given = await in_thread(_join, sent, caller)
    if joined.spans:
        decoded = await committer().commit(raw, lambda _: (Decoded(spans=joined.spans), len(raw)))
        joined.refused += decoded.refused
    if joined.waited or given:
        await in_thread(_finish, joined, given, caller)
    good = len(sent.posts) + len(sent.patches) + len(sent.feedback) - len(joined.refused)
    return joined.refused + sent.not_kept, good


def _join(sent: Sent, caller: Caller) -> tuple[Joined, list[Given]]:
    drop_dead_connections()
    joined = runs.join(sent.posts, sent.patches, caller)
    given = []
    for entry in sent.feedback:
        try:
            given.append(feedback.read(entry))
        except BadItem as bad:
            joined.refused.append(bad.at("feedback"))
    return joined, given


def _finish(joined: Joined, given: list[Given], caller: Caller) -> None:
    drop_dead_connections()
    pending.forget(joined.waited, now=timezone.now())
    feedback.take(caller.project_id, given)


async def info(request: Request) -> Reply:
    """What this server can do. It needs no key, like the original."""
    return Reply(200, orjson.dumps(INFO))


HANDLERS: dict[str, Callable[[Request], Awaitable[Reply]]] = {
    "/info": info,
    "/runs/multipart": taking(read_multipart, ("POST",)),
    "/runs/batch": taking(read_batch, ("POST",)),
    "/runs": taking(read_run, ("POST",)),
    "/feedback": taking(read_feedback, ("POST",)),
}
_one_run = taking(read_run, ("PATCH",))
_RUN_PATH = re.compile(r"(/api/v1|/api|)/runs/[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}/?")


def handler_of_run(path: str) -> Callable[[Request], Awaitable[Reply]] | None:
    """The handler for the path of one run, or None for any other path."""
    return _one_run if _RUN_PATH.fullmatch(path) else None
