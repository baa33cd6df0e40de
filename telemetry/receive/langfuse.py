"""Langfuse's REST protocol, as far as its clients (majors 2 to 5) call it beside OTLP.

Everything below ``/api/public/`` is answered here, in JSON: a page or a redirect would be taken for something else.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import orjson
from asgiref.sync import sync_to_async
from django.db import DatabaseError

from accounts.keys import Caller
from accounts.models import Project
from telemetry import counters
from telemetry.dialects import langfuse_events, langfuse_scores
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.langfuse import judgements, observations
from telemetry.receive.body import Disconnected
from telemetry.receive.http import Reply, Request
from telemetry.receive.intake import Refused, caller_of, later, take

logger = logging.getLogger(__name__)

ROOT = "/api/public/"
PROMPTS = "v2/prompts/"
#: The protocol that is spoken, in the words of its clients.
VERSION = "3.0.0"
#: What the clients call each kind of refusal.
ERRORS = {
    400: "InvalidRequestError", 401: "UnauthorizedError", 403: "ForbiddenError", 404: "LangfuseNotFoundError",
    405: "MethodNotAllowedError", 413: "PayloadTooLargeError", 415: "InvalidRequestError",
    500: "InternalServerError", 503: "ServiceUnavailableError",
}  # fmt: skip
#: Errors that one answer explains.
EXPLAINED = 100

Handler = Callable[[Request], Awaitable[Reply]]


def handles(path: str) -> bool:
    return path.startswith(ROOT)


async def answer(request: Request) -> Reply:
    """Any request below ``/api/public/`` that is no OTLP."""
    path = request.path.removeprefix(ROOT).rstrip("/")
    method, handler = HANDLERS.get(path) or (("GET", prompt) if path.startswith(PROMPTS) else (None, nothing))
    try:
        if method and request.method != method:
            raise Refused(405, f"{request.path} takes {method} alone.", allow=method)
        return await handler(request)
    except Refused as refused:
        return _problem(refused.status, str(refused), **refused.headers)
    except Disconnected:
        raise
    except Exception:
        logger.exception("A request of a Langfuse client failed by a fault of ours.")
        return _problem(500, "This request met a fault of the console, which is in its log.")


def _problem(status: int, message: str, **headers: str) -> Reply:
    return Reply(status, orjson.dumps({"message": message, "error": ERRORS[status]}), headers=headers)


async def health(request: Request) -> Reply:
    """That it is alive. It needs no key, like the original."""
    return Reply(200, orjson.dumps({"status": "OK", "version": VERSION}))


async def projects(request: Request) -> Reply:
    """The project of the key: how the clients check their credentials, and what their links to traces begin with."""
    caller = await caller_of(request, "ingest", "read")
    try:
        name = await sync_to_async(_project_name, thread_sensitive=False)(caller)
    except DatabaseError:
        raise later() from None
    organization = {"id": "onwatch", "name": "Onwatch"}
    project = {"id": caller.project_slug, "name": name, "metadata": {}, "organization": organization}
    return Reply(200, orjson.dumps({"data": [project]}))


def _project_name(caller: Caller) -> str:
    return Project.objects.values_list("name", flat=True).get(pk=caller.project_id)


async def prompt(request: Request) -> Reply:
    """No prompts are kept here; at this answer the clients use the fallback that they were given."""
    await caller_of(request, "ingest", "read")
    name = request.path.removeprefix(ROOT + PROMPTS)
    return _problem(404, f"Prompt not found: {name!r}. This server keeps no prompts; give get_prompt a fallback.")


async def nothing(request: Request) -> Reply:
    await caller_of(request, "ingest", "read")
    return _problem(404, f"There is nothing at {request.path}. Spans go to {ROOT}otel/v1/traces.")


async def ingest(request: Request) -> Reply:
    """A batch of events, each with a verdict of its own; 201 when it is stored, or durably waiting for its rest."""
    taken = await take(request, _ingest)
    successes = [{"id": one, "status": 201} for one in taken.good]
    errors = [
        {"id": identity, "status": 400, "message": bad.at("event"), "error": "InvalidRequestError"}
        for identity, bad in taken.bad
    ]
    answer = orjson.dumps({"successes": successes, "errors": errors})
    return Reply(207, answer, items=len(successes), refused=[error["message"] for error in errors])


class _Verdicts(NamedTuple):
    good: list[str]
    bad: list[tuple[str, BadItem]]


def _ingest(body: bytes, caller: Caller) -> _Verdicts:
    batch = langfuse_events.read(body)
    given, good, bad = [], list(batch.good), list(batch.bad)
    for event, content in batch.scores:
        try:
            given.append(langfuse_scores.to_score(content, caller, fallback_id=event))
            good.append(event)
        except BadItem as error:
            bad.append((event, error))
    # Spans first: a score takes model, feature and user from the one that it judges.
    observations.take(batch.pieces, caller)
    judgements.take(given, caller)
    counters.count("onwatch_spans_rejected_total", len(bad))
    return _Verdicts(good, bad)


async def scores(request: Request) -> Reply:
    """One score, answered with its id, or a list of them, answered with what the clients accept as success: 202."""
    return await take(request, _scores)


def _scores(body: bytes, caller: Caller) -> Reply:
    content = langfuse_events.load(body)
    if isinstance(content, dict):
        return _one_score(content, caller)
    if not isinstance(content, list):
        raise BadBody("body: must be a score or a list of scores")
    given, errors = [], []
    for index, item in enumerate(content):
        try:
            given.append(langfuse_scores.to_score(item, caller))
        except BadItem as error:
            errors.append({"index": index, "message": error.at(f"[{index}]")})
    judgements.take(given, caller)
    if not errors:
        return Reply(202, orjson.dumps({"message": "Accepted"}), items=len(given))
    verdict = {"accepted": len(given), "rejected": len(errors), "errors": errors[:EXPLAINED]}
    return Reply(207, orjson.dumps(verdict), items=len(given), refused=[error["message"] for error in errors])


def _one_score(content: dict[str, Any], caller: Caller) -> Reply:
    try:
        given = langfuse_scores.to_score(content, caller)
    except BadItem as error:
        raise BadBody(error.at("score")) from None
    judgements.take([given], caller)
    return Reply(200, orjson.dumps({"id": given.score.score_id}), items=1)


HANDLERS: dict[str, tuple[str, Handler]] = {
    "health": ("GET", health),
    "projects": ("GET", projects),
    "ingestion": ("POST", ingest),
    "scores": ("POST", scores),
}
