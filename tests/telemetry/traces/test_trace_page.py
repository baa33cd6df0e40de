"""The page of one trace as people use it."""

import html
import json
import re

import numpy as np
import pytest

from telemetry import commit, queries
from telemetry.recent import RecentIds
from telemetry.span import Score
from telemetry.store import StoreUnavailable
from tests.people import make_alice, make_bob, make_charlie
from tests.telemetry.traces.factories import judged, make_span, make_trace, stored
from tests.telemetry.traces.test_list_page import text_of

pytestmark = pytest.mark.usefixtures("telemetry_store")


def test_alice_and_bob_see_it_and_charlie_does_not(client, project):
    stored(make_span(project.pk, trace_id="t"))
    for person in (make_alice(project), make_bob(project)):
        client.force_login(person)
        assert client.get("/traces/t/").status_code == 200
    client.force_login(make_charlie())
    for address in ("/traces/t/", f"/traces/t/?project={project.slug}", "/traces/t/?part=span", "/traces/t/?raw=input"):
        assert client.get(address).status_code == 404


def test_a_trace_of_another_project_is_not_there(viewer, project):
    stored(make_span(project.pk + 1, trace_id="theirs"))
    assert viewer.get("/traces/theirs/").status_code == 404
    assert viewer.get("/traces/nothing/").status_code == 404


def test_it_shows_the_tree_and_its_sums(viewer, project):
    stored(*make_trace(project.pk, "t"))
    said = text_of(viewer.get("/traces/t/"))
    assert "Duration 2.00 s Spans 3 Model calls 1 Tokens in → out 100 → 20 Cost $0.00150 Failed operations 0" in said
    assert re.search(r"chain answer 2.00 s retrieval search 300 ms llm chat gpt-4o 800 ms 100 → 20 · \$0.00150", said)


def test_a_span_is_chosen_by_the_address_and_by_htmx(viewer, project):
    trace = make_trace(project.pk, "t")
    stored(*trace)
    page = viewer.get(f"/traces/t/?span={trace[1].span_id}").content.decode()
    assert re.search(rf'span={trace[1].span_id}"[^>]*aria-current="true"', page)
    assert "kb/1" in page
    fragment = viewer.get(f"/traces/t/?span={trace[1].span_id}&part=span").content.decode()
    assert "kb/1" in fragment
    assert "<html" not in fragment
    assert viewer.get("/traces/t/?span=other").status_code == 404


@pytest.mark.parametrize("stored_first", [0, 1])
def test_of_several_roots_the_first_to_begin_is_shown(viewer, project, stored_first):
    """Whichever of them the engine finds first."""
    early = make_span(project.pk, trace_id="t", second=1, input="Asked early.")
    late = make_span(project.pk, trace_id="t", second=2, input="Asked late.")
    stored((early, late)[stored_first])
    stored((late, early)[stored_first])
    page = viewer.get("/traces/t/").content.decode()
    assert "Asked early." in page and "Asked late." not in page


def test_a_model_call_is_read_as_a_conversation(viewer, project):
    asked = [
        {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}, {"type": "hologram", "z": 1}]},
    ]
    answered = [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "Look it up."},
                {"type": "tool_call", "id": "1", "name": "get_parcel", "arguments": {"id": 7}},
            ],
        }
    ]
    stored(make_span(project.pk, trace_id="t", input=json.dumps(asked), output=json.dumps(answered)))
    said = text_of(viewer.get("/traces/t/"))
    assert "system Be kind. user Where is my parcel?" in said
    assert '"hologram"' in said
    assert 'assistant reasoning Look it up. calls get_parcel { "id": 7 }' in said


def test_every_fact_is_there(viewer, project):
    span = make_span(
        project.pk, trace_id="t", response_model="gpt-4o-2024", response_id="resp-1", finish_reason="stop",
        time_to_first_token_ms=120.0, cached_tokens=64, reasoning_tokens=8, release="r1", prompt_name="support",
        prompt_version="7", experiment="e1", variant="b", tags=["x", "y"], scope="sdk/1", dialect="genai",
        attributes={"custom.tenant": "acme", "custom.deep": {"a": [1, 2]}},
    )  # fmt: skip
    judged(span, "overall", 0.5, source="judge", evaluator="judge/1", label="fair", comment="Cites nothing.")
    stored(span)
    said = text_of(viewer.get("/traces/t/"))
    for fact in (
        "First token after 120 ms", "100 (64 cached)", "20 (8 reasoning)", "$0.00150 by the price book",
        "overall judge judge/1 0.50 fair Cites nothing.", "Served by gpt-4o-2024", "Finish reason stop", "User ann",
        "Session s1", "Release r1", "Prompt support", "Prompt version 7", "Experiment e1", "Variant b", "Tags x, y",
        "custom.tenant acme", 'custom.deep {"a":[1,2]}', "resp-1",
    ):  # fmt: skip
        assert fact in said, fact


def test_an_error_shows_what_its_sender_called_it(viewer, project):
    stored(
        make_span(
            project.pk, trace_id="t", status="error", error_type="rate_limit", error_original="openai.RateLimitError",
            error_message="429: slow down", output="",
        )
    )  # fmt: skip
    assert "rate_limit openai.RateLimitError 429: slow down" in text_of(viewer.get("/traces/t/"))


def test_the_number_of_failures_leads_to_the_first_of_them(viewer, project):
    root, search, chat = make_trace(project.pk, "t")
    chat.status, chat.error_type = "error", "timeout"
    stored(root, search, chat)
    page = viewer.get("/traces/t/").content.decode()
    link = html.unescape(re.search(r'<a class="badge badge--bad" href="([^"]+)"', page)[1])
    assert f"span={chat.span_id}" in link
    assert re.search(rf'span={chat.span_id}"[^>]*aria-current="true"', viewer.get(f"/traces/t/{link}").content.decode())


def test_missing_parents_and_unfinished_spans_are_said(viewer, project):
    stored(
        make_span(project.pk, trace_id="t", parent_id="lost", second=1),
        make_span(project.pk, trace_id="t"),
        make_span(project.pk, trace_id="u", parent_id="lost", kind="agent", status="unfinished", duration_ms=0.0),
    )
    assert "1 span names a parent that was not received; it stands at the top level" in text_of(
        viewer.get("/traces/t/")
    )
    said = text_of(viewer.get("/traces/u/"))
    assert "The root of this trace was not received" in said
    assert "1 span of this trace never reported an end." in said


def test_scores_of_the_trace_stand_at_its_head(viewer, project):
    stored(*make_trace(project.pk, "t"))
    commit.store_scores([Score("thumbs", 1.0, trace_id="t", project_id=project.pk)])
    assert "Failed operations 0 thumbs 1.00" in text_of(viewer.get("/traces/t/"))


def test_what_a_span_was_given_stands_in_the_tree(viewer, project):
    root = make_span(project.pk, trace_id="t", span_id="root", kind="chain")
    answer = make_span(project.pk, trace_id="t", span_id="answer", parent_id="root")
    judged(answer, "overall", 0.2, score_id="one")
    judged(answer, "overall", 0.4, score_id="two")
    stored(root, answer)
    assert "overall 0.30" in text_of(viewer.get("/traces/t/?span=root"))


def test_long_texts_are_cut_until_somebody_asks_for_all(viewer, project):
    stored(make_span(project.pk, trace_id="t", input="begin " + "x" * 9000 + " end"))
    page = viewer.get("/traces/t/").content.decode()
    assert " end</pre>" not in page
    assert "8,010" not in page
    assert "more characters" in page
    assert " end</pre>" in viewer.get("/traces/t/?show=all").content.decode()


def test_a_raw_text_is_plain_and_harmless(viewer, project):
    stored(make_span(project.pk, trace_id="t", input="<script>alert(1)</script>", attributes={"a": 1}))
    answer = viewer.get("/traces/t/?raw=input")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert json.loads(viewer.get("/traces/t/?raw=attributes").content) == {"a": 1}
    assert viewer.get("/traces/t/?raw=key_id").status_code == 404


def test_what_came_from_outside_is_shown_as_text(viewer, project):
    evil = "</pre><script>alert(1)</script>"
    names = (
        "name", "provider", "model", "response_model", "response_id", "finish_reason", "error_original",
        "error_message", "input", "output", "tool_name", "user_id", "session_id", "feature", "environment", "release",
        "prompt_name", "prompt_version", "experiment", "variant", "service", "scope", "dialect", "error_type",
    )  # fmt: skip
    span = make_span(
        project.pk, trace_id="t", span_id='"><b>', status="error", attributes={evil: evil}, tags=[evil],
        documents=[{"id": evil, "content": evil, "metadata": {evil: evil}}],
        tool_calls=json.dumps([{"id": evil, "name": evil, "arguments": evil}]),
        **dict.fromkeys(names, evil),
    )  # fmt: skip
    judged(span, evil, 0.5, label=evil, comment=evil, evaluator=evil, source=evil)
    stored(span)
    page = viewer.get("/traces/t/").content.decode()
    assert "<script>alert" not in page
    assert '"><b>' not in page
    assert viewer.get("/traces/t/?span=%22%3E%3Cb%3E").status_code == 200


@pytest.mark.parametrize(
    "trace_id", ["a/b", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "späte frage #1?", "a b&c=d", "%41"]
)
def test_any_id_has_a_page(viewer, project, trace_id):
    stored(make_span(project.pk, trace_id=trace_id))
    (address,) = re.findall(
        r'href="(/traces/[^?"]+/)\?', viewer.get("/traces/?from=2026-11-20&to=2026-11-21").content.decode()
    )
    page = viewer.get(html.unescape(address))
    assert page.status_code == 200
    assert page.context["trace_id"] == trace_id


def test_a_huge_trace_is_shown_piece_by_piece(viewer, project):
    root = make_span(project.pk, trace_id="big", kind="agent", span_id="root")
    steps = [
        make_span(project.pk, trace_id="big", parent_id="root", name=f"step {n}", input="", output="", second=n / 1000)
        for n in range(1, 1300)
    ]
    stored(root, *steps)
    page = viewer.get("/traces/big/").content.decode()
    assert page.count('class="span-row"') == 500
    assert "Show 500 more of 800" in page
    more = viewer.get("/traces/big/?after=1000&part=tree").content.decode()
    assert more.count('class="span-row"') == 300
    assert "more of" not in more
    assert "<html" not in more
    assert "step 1299" in more


def test_a_span_that_was_sent_again_hours_later_is_shown_once(viewer, project, monkeypatch):
    span = make_span(project.pk, trace_id="t", span_id="s")
    stored(span)
    monkeypatch.setattr(commit, "_spans", RecentIds(load=lambda: np.empty(0, np.uint64)))
    stored(span)
    assert viewer.get("/traces/t/").context["trace"].size == 1


def test_a_store_that_is_away_is_said(viewer, project, monkeypatch):
    def away(*_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(queries, "trace_spans", away)
    answer = viewer.get("/traces/t/")
    assert answer.status_code == 503
    assert "The telemetry store does not answer." in text_of(answer)
