"""The ASGI application that answers LangSmith's clients when they read, and when they change or presign feedback.

It stands beside the receivers, in threads of its own: however slow a question is, no sender waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import orjson
from django.conf import settings
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host

from accounts.keys import Caller, KeyRefused
from core.connections import drop_dead_connections
from telemetry.dialects.decoded import BadItem
from telemetry.langsmith.query import BadQuery
from telemetry.langsmith.routes import routes
from telemetry.langsmith.routing import Asked, Handler, Problem, Route
from telemetry.langsmith.tokens import Expired
from telemetry.lenient_json import BadJson
from telemetry.receive import body
from telemetry.receive.body import BadEncoding, Disconnected, Receive, TooLarge, UnknownEncoding
from telemetry.receive.http import Reply, Request, Send
from telemetry.store import StoreUnavailable, TookTooLong

logger = logging.getLogger(__name__)

MOST_BODY_BYTES = 1024 * 1024
#: Answered at the same time; a store that is shared with receiving has few handles for reading.
THREADS = 2
#: More than these wait for nothing: they are told to come back.
MOST_WAITING = 32

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="langsmith")


def handles(method: str, path: str) -> bool:
    return routes.find(method, path) is not None


_waiting = 0


class LangSmithApp:
    """Call it with the ASGI triple of an HTTP request that it ``handles``."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        request = Request.of(scope, receive)
        found = routes.find(request.method, request.path)
        if found is None:
            await _problem(404, f"There is nothing at {request.path}.").send(send)
            return
        try:
            reply = await _answer(request, scope.get("scheme", "http"), *found)
        except Disconnected:
            return
        if found[0].scope is None:
            reply.headers |= OPEN_TO_PAGES
        await reply.send(send)


#: No cookie is read here, so any page may use a link that it was given.
OPEN_TO_PAGES = {"access-control-allow-origin": "*", "referrer-policy": "no-referrer", "cache-control": "no-store"}


async def _answer(request: Request, scheme: str, chosen: Route, match: re.Match[str]) -> Reply:
    try:
        caller = await request.caller(chosen.scope) if chosen.scope else NOBODY
        if chosen.scope and not caller.key_id:
            _refuse_foreign_name(request)
        asked = Asked(
            caller=caller,
            id=uuid.UUID(match.groupdict().get("id") or "0" * 32),
            query=parse_qs(request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=2000),
            body=await _content(request),
            site=f"{_scheme(request, scheme)}://{request.headers.get('host', 'localhost')}",
            root=match["root"],
        )
        return await _in_a_thread(chosen.handler, asked)
    except KeyRefused as error:
        return _problem(error.status, str(error))
    except DatabaseError:
        return _later("A store does not answer.")
    except Problem as problem:
        return _problem(problem.status, str(problem))
    except TooLarge as error:
        return _problem(413, str(error))
    except UnknownEncoding as error:
        return _problem(415, str(error))
    except (BadEncoding, ValueError) as error:
        return _problem(400, str(error))


def _refuse_foreign_name(request: Request) -> None:
    """Where loopback needs no key, nothing is read under another name for this machine: a page that gave it one is of
    no other site, and names no origin where it only reads. Raises Problem.
    """
    host = request.headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        raise Problem(403, f"Without a key this is not answered as {host[:80]!r}; see ONWATCH_ALLOWED_HOSTS.")


async def _in_a_thread(handler: Handler, asked: Asked) -> Reply:
    global _waiting
    if _waiting >= MOST_WAITING:
        return _later("Too many questions wait for an answer.")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, _handled, handler, asked)
    finally:
        _waiting -= 1


NOBODY = Caller(0, 0, "", frozenset())


def _scheme(request: Request, scheme: str) -> str:
    """What the proxy in front says, where Django trusts it too."""
    forwarded = request.headers.get("x-forwarded-proto", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded if forwarded in ("http", "https") else scheme


async def _content(request: Request) -> Any:  # noqa: ANN401
    raw = await body.read(request.receive, limit=MOST_BODY_BYTES, declared=request.headers.get("content-length", ""))
    plain = body.decompress(raw, request.headers.get("content-encoding", ""), limit=MOST_BODY_BYTES)
    if not plain:
        return None
    try:
        return body.json_value(plain)
    except BadJson as error:
        raise Problem(400, f"body: is no JSON ({error})") from None


def _handled(handler: Handler, asked: Asked) -> Reply:
    """In a thread."""
    drop_dead_connections()
    try:
        answer = handler(asked)
    except Problem as problem:
        return _problem(problem.status, str(problem))
    except BadQuery as bad:
        return _problem(422, str(bad))
    except BadItem as bad:
        return _problem(422, f"{bad.field}: {bad}" if bad.field else str(bad))
    except Expired:
        return _problem(410, "This link has expired.")
    except TookTooLong:
        return _problem(422, "start_time: the question took too long and was stopped; ask for a shorter time.")
    except (StoreUnavailable, DatabaseError):
        return _later("The store does not answer.")
    except Exception:
        logger.exception("A request of a LangSmith client failed by a fault of ours.")
        return _problem(500, "This request met a fault of the console, which is in its log.")
    return answer if isinstance(answer, Reply) else Reply(200, dumped(answer))


def dumped(answer: Any) -> bytes:  # noqa: ANN401
    return orjson.dumps(answer, default=str, option=orjson.OPT_NON_STR_KEYS)


def _problem(status: int, detail: str) -> Reply:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return Reply(status, orjson.dumps({"detail": detail}), headers=headers)


def _later(why: str) -> Reply:
    reply = _problem(503, f"{why} Ask again in a moment.")
    reply.headers["retry-after"] = "2"
    return reply
