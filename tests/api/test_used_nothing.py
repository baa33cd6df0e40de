"""A call that was refused before it used anything has no unknown price, wherever such calls are counted."""

import pytest

from telemetry.senders import report
from tests.people import make_alice

SPANS = {
    "model": "acme-7b", "provider": "acme", "kind": "llm", "feature": "chat",
    "start_time": "now-30m", "duration_ms": 20, "user_id": "ada",
}  # fmt: skip
REFUSED = SPANS | {"status": "error", "error_type": "rate_limit"}
ANSWERED = SPANS | {"input_tokens": 70, "output_tokens": 30}
RANGE = {"from": "now-1h"}


@pytest.fixture
def page(client, project):
    client.force_login(make_alice(project))
    return lambda address: " ".join(client.get(address).content.decode().split())


def summary(api) -> tuple[int, int]:
    found = api.get("/summary", **RANGE).json()
    return found["calls"], found["unpriced_calls"]


def test_refused_calls_alone_cost_nothing(api, page, project):
    api.post("/spans", [REFUSED | {"trace_id": "t", "span_id": f"s{at}"} for at in range(3)])
    assert summary(api) == (3, 0)
    (trace,) = api.get("/traces", **RANGE).json()["traces"]
    assert (trace["calls"], trace["unpriced"], trace["cost_usd"]) == (3, 0, "0")
    assert api.get("/traces", **RANGE, unpriced="1").json()["traces"] == []
    assert {span["cost_source"] for span in api.get("/spans", trace_id="t").json()} == {"no_usage"}
    assert report.report(project).unpriced == []
    assert "is not known" not in page("/traces/t/") and "failed without using anything" in page("/traces/t/")
    for filters in ("", "&user_id=ada"):
        assert "without a known cost" not in page(f"/costs/?range=1h{filters}")


def test_beside_a_call_without_a_price_they_make_no_cost_known(api, page, project):
    """Of two calls one was refused and cost nothing: what the other cost is as little known as before."""
    api.post("/spans", [REFUSED | {"trace_id": "t", "span_id": "a"}, ANSWERED | {"trace_id": "t", "span_id": "b"}])
    assert summary(api) == (2, 1)
    (trace,) = api.get("/traces", **RANGE).json()["traces"]
    assert (trace["unpriced"], trace["cost_usd"]) == (1, None)
    assert [note.times for note in report.report(project).unpriced] == [1]
    said = page("/traces/t/")
    assert "<dt>Cost</dt><dd>unknown</dd>" in said and "The price of 1 call is not known.</p>" in said
    assert ">unknown</span>" in page("/traces/")
    costs = page("/costs/?range=1h")
    assert "1 without a known cost" in costs and "No cost is known" in costs and ">not known</span>" in costs


def test_health_knows_no_cost_of_a_call_there(api):
    api.post("/spans", [REFUSED | {"trace_id": "t", "span_id": "a"}, ANSWERED | {"trace_id": "t", "span_id": "b"}])
    component = api.get("/summary", **RANGE).json()["health"]["components"]["cost"]
    assert (component["score"], component["note"]) == (None, "no call with a known cost")
