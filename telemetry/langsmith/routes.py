"""What LangSmith's clients may ask for, and who answers it."""

from __future__ import annotations

from typing import Any

from telemetry.langsmith import feedback, feedback_out, ids, reading, sessions, tokens
from telemetry.langsmith.query import first_version, second_version
from telemetry.langsmith.routing import Asked, Problem, Routes, as_uuid
from telemetry.langsmith.runs_out import second_version as in_second_version
from telemetry.langsmith.runs_out import selected
from telemetry.receive.http import Reply

SECOND_VERSION = ("/api/v2",)
MOST_LISTED = 1000

routes = Routes()


# --- Runs ------------------------------------------------------------------------------------------------------


@routes.add("GET", "/runs/{id}", scope="read")
def read_run(asked: Asked) -> Any:  # noqa: ANN401
    return _run_or_404(asked)


@routes.add("POST", "/runs/query", scope="read")
def query_runs(asked: Asked) -> Any:  # noqa: ANN401
    query = first_version(asked.object())
    page = reading.page(asked.caller.project_id, query)
    runs = [selected(run, query.select) for run in page.runs]
    return {"runs": runs, "cursors": {"next": page.next_cursor, "prev": None}, "parsed_query": None}


@routes.add("GET", "/runs/{id}", scope="read", roots=SECOND_VERSION)
def retrieve_run(asked: Asked) -> Any:  # noqa: ANN401
    run = _run_or_404(asked, with_subtree=False)
    _of_session(asked, run)
    return _chosen(in_second_version(run), frozenset(name.lower() for name in asked.query.get("selects", [])))


@routes.add("POST", "/runs/query", scope="read", roots=SECOND_VERSION)
def query_runs_again(asked: Asked) -> Any:  # noqa: ANN401
    query = second_version(asked.object())
    page = reading.page(asked.caller.project_id, query)
    return {
        "items": [_chosen(in_second_version(run), query.select) for run in page.runs],
        "next_cursor": page.next_cursor,
    }


@routes.add("GET", "/runs/{id}/url", scope="read", roots=SECOND_VERSION)
def run_url(asked: Asked) -> Any:  # noqa: ANN401
    run = _run_or_404(asked)
    _of_session(asked, run)
    return {"url": f"{asked.site}{run['app_path']}"}


def _run_or_404(asked: Asked, *, with_subtree: bool = True) -> dict[str, Any]:
    run = reading.one(asked.caller, asked.id, with_subtree=with_subtree)
    if run is None:
        raise Problem(404, f"Run {asked.id} is not in the project of this key.")
    return run


def _of_session(asked: Asked, run: dict[str, Any]) -> None:
    wanted = asked.uuids("project_id")
    if wanted and run["session_id"] not in wanted:
        raise Problem(404, f"Run {asked.id} is not in the project {wanted[0]}.")


def _chosen(run: dict[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name in wanted or name == "id"} if wanted else run


# --- Sessions, which are the projects of LangSmith -----------------------------------------------------------------


@routes.add("GET", "/sessions", scope="read")
def list_sessions(asked: Asked) -> Any:  # noqa: ANN401
    project_id = asked.caller.project_id
    name, contained = asked.one("name"), asked.one("name_contains").lower()
    wanted = asked.uuids("id")
    found = [
        one
        for one in sessions.found(project_id, name=name or None)
        if contained in (one.name or ids.DEFAULT_SESSION).lower()
        and (not wanted or ids.session_id(project_id, one.name) in wanted)
    ]
    offset = asked.number("offset", 0, most=1_000_000)
    limit = asked.number("limit", 100, most=MOST_LISTED)
    return [sessions.as_json(project_id, one) for one in found[offset : offset + limit]]


@routes.add("GET", "/sessions/{id}", scope="read")
def read_session(asked: Asked) -> Any:  # noqa: ANN401
    found = sessions.with_id(asked.caller.project_id, asked.id)
    if found is None:
        raise Problem(404, f"There is no project {asked.id} here; it comes with its first run.")
    return sessions.as_json(asked.caller.project_id, found)


# --- Feedback ------------------------------------------------------------------------------------------------------


@routes.add("GET", "/feedback", scope="read")
def list_feedback(asked: Asked) -> Any:  # noqa: ANN401
    runs = asked.uuids("run")
    if len(runs) > MOST_LISTED:
        raise Problem(422, f"run: more than {MOST_LISTED}")
    return feedback_out.listed(
        asked.caller.project_id,
        runs=runs,
        keys=asked.query.get("key", []),
        sources=asked.query.get("source", []),
        limit=asked.number("limit", 100, most=MOST_LISTED),
        offset=asked.number("offset", 0, most=1_000_000),
    )


@routes.add("GET", "/feedback/{id}", scope="read")
def read_feedback(asked: Asked) -> Any:  # noqa: ANN401
    return feedback_out.one(asked.caller.project_id, asked.id) or _no_feedback(asked)


@routes.add("PATCH", "/feedback/{id}", scope="ingest")
def change_feedback(asked: Asked) -> Any:  # noqa: ANN401
    changed = feedback.change(asked.caller.project_id, asked.id, asked.object())
    return feedback_out.one(asked.caller.project_id, asked.id) if changed else _no_feedback(asked)


@routes.add("DELETE", "/feedback/{id}", scope="ingest")
def delete_feedback(asked: Asked) -> Any:  # noqa: ANN401
    return {"message": "Deleted"} if feedback.delete(asked.caller.project_id, asked.id) else _no_feedback(asked)


def _no_feedback(asked: Asked) -> Any:  # noqa: ANN401
    raise Problem(404, f"There is no feedback {asked.id} in the project of this key.")


# --- Presigned links -------------------------------------------------------------------------------------------------


@routes.add("POST", "/feedback/tokens", scope="ingest")
def make_tokens(asked: Asked) -> Any:  # noqa: ANN401
    wanted = asked.body if isinstance(asked.body, list) else [asked.object()]
    if len(wanted) > 100 or not all(isinstance(one, dict) for one in wanted):
        raise Problem(422, "body: must be an object, or a list of at most 100")
    made = [tokens.as_json(tokens.make(asked.caller.project_id, one), _tokens_url(asked)) for one in wanted]
    return made if isinstance(asked.body, list) else made[0]


@routes.add("GET", "/feedback/tokens", scope="ingest")
def list_tokens(asked: Asked) -> Any:  # noqa: ANN401
    found = tokens.listed(
        asked.caller.project_id,
        as_uuid(asked.one("run_id"), "run_id"),
        limit=asked.number("limit", 100, most=MOST_LISTED),
        offset=asked.number("offset", 0, most=1_000_000),
    )
    return [tokens.as_json(token, _tokens_url(asked)) for token in found]


def _tokens_url(asked: Asked) -> str:
    return f"{asked.site}{asked.root}/feedback/tokens"


@routes.add("POST", "/feedback/tokens/{id}", scope=None)
def post_through_link(asked: Asked) -> Any:  # noqa: ANN401
    return _use(asked, asked.object())


@routes.add("GET", "/feedback/tokens/{id}", scope=None)
def open_link(asked: Asked) -> Any:  # noqa: ANN401
    said: dict[str, Any] = {name: values[0] for name, values in asked.query.items()}
    for name in ("score", "value"):
        if name in said:
            said[name] = _number_or_text(said[name])
    _use(asked, said)
    return Reply(200, b"Thank you. Your feedback was stored.\n", "text/plain; charset=utf-8")


def _number_or_text(text: str) -> Any:  # noqa: ANN401
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    try:
        return float(text)
    except ValueError:
        return text


def _use(asked: Asked, said: dict[str, Any]) -> Any:  # noqa: ANN401
    if not tokens.use(asked.id, said):
        raise Problem(404, "There is no such link.")
    return {"message": "Stored"}


@routes.add("OPTIONS", "/feedback/tokens/{id}", scope=None)
def preflight(asked: Asked) -> Any:  # noqa: ANN401
    """A page of another site asks before it posts JSON."""
    headers = {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": "content-type",
        "access-control-max-age": "86400",
    }
    return Reply(204, headers=headers)
