"""What LangSmith's clients read back, from runs, from spans of other origin, and by every way of asking."""

import uuid
from datetime import timedelta

import orjson
import pytest

from accounts.models import ApiKey, Project
from telemetry import commit
from telemetry.dialects import langsmith
from telemetry.langsmith import ids
from telemetry.models import PendingRun
from telemetry.span import Span
from tests.telemetry.ingest.ask import ask
from tests.telemetry.langsmith.client import END, NOW, asked, call, run, sent

pytestmark = pytest.mark.django_db(transaction=True)


def at(seconds: float) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat()


@pytest.fixture
def trace(key) -> list[dict]:
    """A chain over a retriever and a model call, in the project ``shop``."""
    root = run(
        name="rag", run_type="chain", tags=["beta", "eu"], inputs={"question": "Why?"}, outputs={"answer": "So."}
    )
    root |= {"end_time": at(5), "extra": {"metadata": {"user_id": "u1", "thread_id": "t1", "plan": "gold"}}}
    inside = {"trace_id": root["id"], "parent_run_id": root["id"]}
    search = run(name="search", run_type="retriever", start_time=at(1), end_time=at(2), **inside)
    search |= {"outputs": {"documents": [{"page_content": "Emma", "metadata": {}, "type": "Document"}]}}
    model = run(name="ChatOpenAI", start_time=at(2), **inside) | END | {"end_time": at(4)}
    model["events"] = [
        {"name": "new_token", "time": at(2.5), "kwargs": {"token": "Be"}},
        {"name": "retried", "time": at(3), "kwargs": {"attempt": 2}},
    ]
    sent(key, root, search, model)
    return [root, search, model]


@pytest.fixture
def other_key(db) -> str:
    return ApiKey.issue(Project.objects.create(slug="other", name="Other"), name="other")[1]


def names(answer: dict) -> list[str]:
    return [found["name"] for found in answer["runs"]]


@pytest.mark.parametrize("root", ["", "/api", "/api/v1"])
def test_a_run_is_found_by_its_id_under_every_root(key, trace, root):
    model = trace[2]
    found = asked(key, f"{root}/runs/{model['id']}")
    assert (found["id"], found["trace_id"], found["parent_run_id"]) == (model["id"], trace[0]["id"], trace[0]["id"])
    assert (found["name"], found["run_type"], found["status"], found["error"]) == ("ChatOpenAI", "llm", "success", None)
    assert found["inputs"] == model["inputs"] and found["outputs"] == model["outputs"]
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (120, 30, 150)
    assert found["prompt_token_details"] == {"cache_read": 64} and found["completion_token_details"] == {
        "reasoning": 10
    }
    assert found["total_cost"] == 0.0000312
    assert found["extra"]["metadata"]["ls_provider"] == "openai" and found["extra"]["metadata"]["feature"] == "search"
    assert "LANGSMITH_API_KEY" not in found["extra"]["metadata"]
    assert found["first_token_time"] == at(2.5)
    assert found["events"][1] == {"name": "retried", "time": at(3), "kwargs": {"attempt": 2}}


def test_order_and_ancestors_are_rebuilt(key, trace):
    root, _, model = trace
    found = asked(key, f"/runs/{model['id']}")
    stamps = [f"{NOW:%Y%m%dT%H%M%S%fZ}{root['id']}", f"{NOW + timedelta(seconds=2):%Y%m%dT%H%M%S%fZ}{model['id']}"]
    assert found["dotted_order"] == ".".join(stamps)
    assert found["parent_run_ids"] == [root["id"]]


def test_a_parent_has_the_tokens_and_cost_of_what_is_below(key, trace):
    found = asked(key, f"/runs/{trace[0]['id']}")
    assert (found["total_tokens"], found["total_cost"]) == (150, 0.0000312)
    assert found["parent_run_id"] is None and found["tags"] == ["beta", "eu"]


def test_documents_are_stored_once_and_read_as_they_were_sent(key):
    documents = [
        {"page_content": "Emma", "metadata": {"source": "kb/1", "page": 3}, "type": "Document"},
        {"id": "kb/2", "page_content": "Persuasion", "metadata": {}, "type": "Document"},
    ]
    ended = {"run_type": "retriever", "end_time": at(1)}
    bare = run(name="bare", outputs={"documents": documents}, **ended)
    more = run(name="more", outputs={"documents": documents, "took": 5}, **ended)
    sent(key, bare, more)
    found = asked(key, f"/runs/{bare['id']}")["outputs"]["documents"]
    assert found == [{"id": None} | documents[0], documents[1]]
    assert asked(key, f"/runs/{more['id']}")["outputs"] == more["outputs"]
    stored = dict(ask("SELECT name, (output, documents) FROM spans"))
    assert stored["bare"][0] == "" and stored["more"][0]
    assert orjson.loads(stored["bare"][1])[0] == {
        "content": "Emma", "id": "kb/1", "metadata": {"source": "kb/1", "page": 3},
    }  # fmt: skip


def test_metadata_that_a_field_tells_is_not_kept_twice_and_still_read(key):
    metadata = {"user_id": "u1", "session_id": "s1", "feature": "search", "plan": "gold", "lc_hub_repo": "p", "seat": 7}
    one = run(**END, extra={"metadata": metadata})
    sent(key, one)
    ((attributes,),) = ask("SELECT attributes FROM spans")
    assert orjson.loads(attributes) == {"metadata.session_id": "s1", "metadata.plan": "gold", "metadata.seat": 7}
    read = asked(key, f"/runs/{one['id']}")["extra"]["metadata"]
    assert metadata.items() <= read.items()
    assert "thread_id" not in read


def test_another_project_sees_nothing(key, trace, other_key):
    own = trace[0]["id"]
    session = asked(key, "/sessions?name=shop")[0]["id"]
    asked(other_key, f"/runs/{own}", expect=404)
    asked(other_key, f"/api/v2/runs/{own}", expect=404)
    asked(other_key, f"/sessions/{session}", expect=404)
    assert asked(other_key, "/sessions") == [] and asked(other_key, f"/feedback?run={own}") == []
    for body in ({"id": [own]}, {"trace": own}, {"session": [session]}, {}):
        assert asked(other_key, "/runs/query", body)["runs"] == []


def test_reading_needs_the_scope_and_a_key(key, trace, project):
    ingest_only = ApiKey.issue(project, name="sender", scopes=("ingest",))[1]
    for path in (f"/runs/{trace[0]['id']}", "/sessions", "/feedback?run=" + trace[0]["id"]):
        assert call("GET", path, x_api_key=ingest_only)[0] == 403
        assert call("GET", path, x_api_key="nobody")[0] == 401


def test_without_a_key_only_this_machine_reads(key, trace, settings):
    settings.ONWATCH_KEYLESS = True
    path = f"/runs/{trace[0]['id']}"
    assert call("GET", path, host="localhost:8000")[0] == 200
    assert call("GET", path, host="localhost:8000", origin="http://localhost:8000")[0] == 200
    # A page elsewhere, and one whose name was made to lead here.
    assert call("GET", path, host="localhost:8000", origin="https://elsewhere.example")[0] == 403
    assert call("GET", path, host="localhost:8000", sec_fetch_site="cross-site")[0] == 403
    assert call("GET", path, host="elsewhere.example")[0] == 403
    assert call("GET", path, host="elsewhere.example", x_api_key=key)[0] == 200


def test_a_run_that_has_only_begun_can_be_read_with_its_session(key):
    begun = run(session_name="slow")
    call("POST", "/runs", orjson.dumps(begun), x_api_key=key)
    found = asked(key, f"/runs/{begun['id']}")
    assert (found["status"], found["end_time"]) == ("pending", None)
    (session,) = asked(key, "/sessions?name=slow")
    assert found["session_id"] == session["id"]
    assert PendingRun.objects.count() == 1


def test_an_unknown_run_is_not_found(key):
    assert "is not in the project" in asked(key, f"/runs/{uuid.uuid4()}", expect=404)["detail"]


def test_errors_read_as_they_were_sent(key):
    said = "ValueError('no')\n\nTraceback (most recent call last):\n  File \"app.py\", line 3"
    failed = run(error=said) | END
    sent(key, failed)
    found = asked(key, f"/runs/{failed['id']}")
    assert (found["status"], found["error"]) == ("error", said)


# --- Sessions --------------------------------------------------------------------------------------------


def test_sessions_are_the_names_that_runs_were_sent_under(key, project):
    sent(key, run(session_name="shop") | END, run(session_name="help") | END)
    everyone = asked(key, "/sessions")
    assert {one["name"] for one in everyone} == {"shop", "help"} and len(asked(key, "/sessions?limit=1")) == 1
    (shop,) = asked(key, "/sessions?name=shop&limit=1&include_stats=False")
    assert asked(key, f"/sessions/{shop['id']}") == shop
    assert shop["tenant_id"] == str(ids.tenant_id(project.pk)) and shop["reference_dataset_id"] is None
    assert asked(key, "/sessions?name=nobody") == []
    asked(key, f"/sessions/{uuid.uuid4()}", expect=404)


def test_a_run_that_names_its_session_by_uuid_joins_it(key):
    sent(key, run(session_name="shop") | END)
    shop = asked(key, "/sessions?name=shop")[0]["id"]
    named = run(session_name=None, session_id=shop) | END
    own = str(uuid.uuid4())
    alone = run(session_name=None, session_id=own) | END
    sent(key, named, alone)
    assert asked(key, f"/runs/{named['id']}")["session_id"] == shop
    assert asked(key, f"/runs/{alone['id']}")["session_id"] == own
    assert {one["id"] for one in asked(key, "/sessions")} == {shop, own}


# --- Queries ---------------------------------------------------------------------------------------------


def test_queries_by_every_field(key, trace):
    root, search, model = trace
    shop = asked(key, "/sessions?name=shop")[0]["id"]
    everything = ["ChatOpenAI", "search", "rag"]
    for body, expected in (
        ({}, everything),
        ({"session": [shop]}, everything),
        ({"session": [str(uuid.uuid4())]}, []),
        ({"order": "asc"}, everything[::-1]),
        ({"trace": root["id"]}, everything),
        ({"parent_run": root["id"]}, ["ChatOpenAI", "search"]),
        ({"id": [model["id"], root["id"]]}, ["ChatOpenAI", "rag"]),
        ({"run_type": "llm"}, ["ChatOpenAI"]),
        ({"run_type": "chain"}, ["rag"]),
        ({"is_root": True}, ["rag"]),
        ({"is_root": False}, ["ChatOpenAI", "search"]),
        ({"error": False}, everything),
        ({"error": True}, []),
        ({"start_time": at(1)}, ["ChatOpenAI", "search"]),
        ({"end_time": at(1)}, ["rag"]),
        ({"limit": 1}, ["ChatOpenAI"]),
        ({"trace_filter": 'eq(name, "rag")', "run_type": "llm"}, ["ChatOpenAI"]),
        ({"trace_filter": 'eq(name, "search")'}, []),
        ({"tree_filter": 'eq(name, "search")', "is_root": True}, ["rag"]),
    ):
        assert names(asked(key, "/runs/query", body)) == expected, body
    assert search["id"] in {found["id"] for found in asked(key, "/runs/query", {"session": [shop]})["runs"]}


FILTERS = [
    ('eq(name, "rag")', ["rag"]),
    ("eq(name, 'rag')", ["rag"]),
    ('neq(name, "rag")', ["ChatOpenAI", "search"]),
    ('in(name, ["rag", "search"])', ["search", "rag"]),
    ('and(eq(run_type, "llm"), gt(latency, 1), gt(total_tokens, 100))', ["ChatOpenAI"]),
    ('and(eq(run_type, "llm"), gt(latency, "3s"))', []),
    ('or(eq(name, "rag"), eq(run_type, "retriever"))', ["search", "rag"]),
    ('not(eq(run_type, "chain"))', ["ChatOpenAI", "search"]),
    ('has(tags, "beta")', ["rag"]),
    ('and(has(tags, "beta"), has(tags, "us"))', []),
    ('and(eq(metadata_key, "plan"), eq(metadata_value, "gold"))', ["rag"]),
    ('and(in(metadata_key, ["session_id", "thread_id"]), eq(metadata_value, "t1"))', ["rag"]),
    ('and(eq(metadata_key, "plan"), eq(metadata_value, "iron"))', []),
    ('has(metadata, \'{"plan": "gold"}\')', ["rag"]),
    ('eq(metadata_key, "plan")', ["rag"]),
    ('eq(thread_id, "t1")', ["rag"]),
    ("neq(error, null)", []),
    ("eq(error, null)", ["ChatOpenAI", "search", "rag"]),
    ('eq(status, "success")', ["ChatOpenAI", "search", "rag"]),
    ("eq(is_root, true)", ["rag"]),
    ("gt(total_cost, 0.00003)", ["ChatOpenAI"]),
    ('search("Emma")', ["search"]),
    ("lte(prompt_tokens, 0)", ["search", "rag"]),
]


def test_filters(key, trace):
    for text, expected in FILTERS:
        assert names(asked(key, "/runs/query", {"filter": text})) == expected, text


def test_filters_by_time_and_ids(key, trace):
    root, search, model = trace
    for text, expected in (
        (f'gte(start_time, "{at(1)}")', ["ChatOpenAI", "search"]),
        (f'lt(end_time, "{at(3)}")', ["search"]),
        (f'eq(id, "{search["id"]}")', ["search"]),
        (f'in(id, ["{search["id"]}", "{model["id"]}"])', ["ChatOpenAI", "search"]),
        (f'eq(trace_id, "{root["id"]}")', ["ChatOpenAI", "search", "rag"]),
        (f'eq(parent_run_id, "{root["id"]}")', ["ChatOpenAI", "search"]),
        ("eq(parent_run_id, null)", ["rag"]),
    ):
        assert names(asked(key, "/runs/query", {"filter": text})) == expected, text


def test_a_refused_question_names_its_field(key):
    refused = asked(key, "/runs/query", {"filter": 'eq(colour, "red")'}, expect=422)
    assert refused["detail"].startswith(
        "filter: eq(colour, \"red\"): the field 'colour' is not supported; there are id,"
    )
    assert "must be a JSON object" in asked(key, "/runs/query", [], expect=422)["detail"]


def test_pages_follow_each_other_without_loss(key):
    same = [run(name=f"same {number}") | END for number in range(5)]
    later = [run(name=f"later {number}", start_time=at(number)) | END | {"end_time": at(9)} for number in range(1, 4)]
    sent(key, *same, *later)
    for order in ("desc", "asc"):
        body, found = {"limit": 3, "order": order}, []
        while True:
            page = asked(key, "/runs/query", body)
            found += page["runs"]
            if not page["cursors"]["next"]:
                break
            body["cursor"] = page["cursors"]["next"]
        assert len(found) == 8 and {one["id"] for one in found} == {one["id"] for one in same + later}
        starts = [one["start_time"] for one in found]
        assert starts == sorted(starts, reverse=order == "desc")


def test_only_what_is_selected_is_told(key, trace):
    found = asked(key, "/runs/query", {"select": ["name", "outputs"], "run_type": "llm"})["runs"][0]
    assert found["outputs"] == END["outputs"] and "inputs" not in found and "extra" not in found
    found = asked(key, "/runs/query", {"select": ["name"], "run_type": "llm"})["runs"][0]
    assert "outputs" not in found and found["parent_run_id"] == trace[0]["id"]


# --- The second version ----------------------------------------------------------------------------------


def test_the_second_version_of_reading(key, trace):
    root, _, model = trace
    shop = asked(key, "/sessions?name=shop")[0]["id"]
    found = asked(key, f"/api/v2/runs/{model['id']}?project_id={shop}&selects=NAME&selects=STATUS&selects=TOTAL_TOKENS")
    assert found == {"id": model["id"], "name": "ChatOpenAI", "status": "SUCCESS", "total_tokens": 150}
    whole = asked(key, f"/api/v2/runs/{root['id']}?project_id={shop}")
    assert (whole["run_type"], whole["is_root"], whole["thread_id"], whole["latency_seconds"]) == (
        "CHAIN",
        True,
        "t1",
        5,
    )
    assert whole["project_id"] == shop and whole["total_tokens"] == 0 and whole["metadata"]["plan"] == "gold"
    asked(key, f"/api/v2/runs/{model['id']}?project_id={uuid.uuid4()}", expect=404)


def test_the_second_version_of_queries(key, trace):
    shop = asked(key, "/sessions?name=shop")[0]["id"]
    first = asked(key, "/api/v2/runs/query", {"project_ids": [shop], "page_size": 2})
    assert [set(item) for item in first["items"]] == [{"id"}, {"id"}]
    body = {"project_ids": [shop], "page_size": 2, "cursor": first["next_cursor"], "selects": ["NAME", "TOTAL_TOKENS"]}
    second = asked(key, "/api/v2/runs/query", body)
    assert second == {"items": [{"id": trace[0]["id"], "name": "rag", "total_tokens": 0}], "next_cursor": None}
    body |= {"cursor": None, "is_root": True, "include_subtree_usage": True, "has_error": False}
    assert asked(key, "/api/v2/runs/query", body)["items"][0]["total_tokens"] == 150
    assert asked(key, "/api/v2/runs/query", {"project_ids": [shop], "run_type": "LLM"})["items"] == [
        {"id": trace[2]["id"]}
    ]
    assert "project_ids: " in asked(key, "/api/v2/runs/query", {}, expect=422)["detail"]
    refused = asked(key, "/api/v2/runs/query", {"project_ids": [shop], "ai_search": "slow"}, expect=422)
    assert "ai_search: is not supported here" in refused["detail"]


# --- Spans of other origin -------------------------------------------------------------------------------


def test_one_odd_span_spoils_no_page(key, project):
    """Attributes may be called like something of ours, and hold anything."""
    odd = {
        "events": [{"name": "x", "after_ms": "soon"}, 5],
        "run_type": 7,
        "exception.stacktrace": {},
        "attachments": 1,
    }
    commit.store_spans(
        [
            Span(project.pk, "1" * 32, "1" * 16, start_time=NOW, duration_ms=1e300, service="shop", attributes=odd),
            Span(project.pk, "2" * 32, "2" * 16, start_time=NOW, time_to_first_token_ms=1e300, service="shop"),
            Span(project.pk, "3" * 32, "3" * 16, start_time=NOW, name="fine", service="shop"),
        ]
    )
    session = str(ids.session_id(project.pk, "shop"))
    assert len(asked(key, "/runs/query", {"session": [session]})["runs"]) == 3
    assert len(asked(key, "/api/v2/runs/query", {"project_ids": [session]})["items"]) == 3


def test_spans_of_other_origin_are_runs_too(key, project):
    trace_id = uuid.uuid4().hex
    root = Span(project.pk, trace_id, "00f067aa0ba902b7", start_time=NOW, duration_ms=100, name="answer", kind="agent")
    call_of_it = Span(
        project.pk, trace_id, "10f067aa0ba902b7", parent_id=root.span_id, start_time=NOW, duration_ms=50, name="chat",
        kind="llm", input='[{"role":"user","parts":[]}]', output="plain", user_id="u7", session_id="s7", input_tokens=9,
    )  # fmt: skip
    commit.store_spans([root, call_of_it])
    as_root = asked(key, f"/runs/{uuid.UUID(trace_id)}")
    assert as_root["name"] == "answer" and as_root["total_tokens"] == 9
    below = asked(key, "/runs/query", {"parent_run": as_root["id"]})["runs"][0]
    assert (below["parent_run_id"], below["trace_id"]) == (as_root["id"], as_root["id"])
    assert below["inputs"] == {"input": [{"role": "user", "parts": []}]} and below["outputs"] == {"output": "plain"}
    assert below["extra"]["metadata"]["user_id"] == "u7" and below["extra"]["metadata"]["thread_id"] == "s7"
    assert asked(key, f"/runs/{below['id']}")["name"] == "chat"
    assert names(asked(key, "/runs/query", {"id": [below["id"], as_root["id"]]})) == ["chat", "answer"]


def test_types_that_no_kind_stands_for_come_back(key):
    sent(key, run(run_type="prompt", name="template") | END, run(run_type="chain", name="chain") | END)
    assert names(asked(key, "/runs/query", {"run_type": "prompt"})) == ["template"]
    assert names(asked(key, "/runs/query", {"run_type": "chain"})) == ["chain"]


def test_a_run_without_its_trace_takes_it_from_its_order():
    whole = run(trace_id=None) | END
    top = uuid.uuid4()
    whole["dotted_order"] = f"20261123T143814856001Z{top}.20261123T143814891002Z{whole['id']}"
    assert langsmith._trace(whole) == str(top)
