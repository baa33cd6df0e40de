"""Who sends, what was refused of it, and what was not understood."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import ApiKey
from telemetry.senders import report as senders
from telemetry.senders import tally
from telemetry.senders.clock import Clock
from telemetry.senders.tally import Sender
from telemetry.store import StoreUnavailable
from tests.people import make_alice, make_bob, make_charlie, make_user
from tests.telemetry.traces.factories import make_span, stored
from tests.telemetry.traces.test_list_page import text_of

pytestmark = pytest.mark.usefixtures("telemetry_store")

SDK = "OTel-OTLP-Exporter-Python/1.45.2"


def fresh(project_id: int, **changes):
    """A span that ends as it is received."""
    start = datetime.now(UTC) - timedelta(milliseconds=800)
    return make_span(project_id, start_time=start, **changes)


def test_it_counts_by_service_instrumentation_dialect_key_and_program(project):
    key, _ = ApiKey.issue(project, name="shop backend")
    sdk = {"scope": "openai/1.2", "dialect": "genai", "key_id": key.pk, "client": SDK}
    stored(
        make_span(project.pk, **sdk),
        make_span(project.pk, **sdk, cost_source="", model="my-model", response_model="my-model-2"),
        make_span(project.pk, **sdk, kind="other", status="error"),
        make_span(project.pk, service="web", dialect="plain", kind="other"),
        make_span(project.pk + 1, service="theirs"),
    )
    report = senders.report(project)
    found = {(named.source.service, named.source.dialect, named.key): named.source for named in report.sources}
    assert set(found) == {("shop", "genai", "shop backend"), ("web", "plain", "")}
    shop = found["shop", "genai", "shop backend"]
    assert (shop.spans, shop.calls, shop.unpriced, shop.errors, shop.unrecognised) == (3, 2, 1, 1, 1)
    assert datetime.now(UTC) - shop.last_seen < timedelta(minutes=1)
    (unpriced,) = report.unpriced
    assert (unpriced.subject, unpriced.example, unpriced.about, unpriced.times) == (
        "my-model",
        "my-model-2",
        "openai",
        1,
    )
    assert report.spans == 4
    assert {(client.name, client.key.name if client.key else "", client.spans) for client in report.clients} == {
        (SDK, "shop backend", 3),
        ("", "", 1),
    }


def test_a_repeated_export_is_not_counted_again(project):
    span = make_span(project.pk)
    stored(span)
    stored(span)
    assert senders.report(project).spans == 1


def test_attributes_and_events_that_no_table_understood_are_counted(project):
    stored(
        make_span(project.pk, attributes={"x.tenant": "acme", "x.count": 3, "resource.host.name": "a"}),
        make_span(project.pk, attributes={"x.tenant": "other", "events": [{"name": "hm", "attributes": {"k": 1}}]}),
        make_span(project.pk),
    )
    found = senders.report(project).attributes
    assert {(one.subject, one.times, one.about) for one in found} == {
        ("x.tenant", 2, "shop"),
        ("x.count", 1, "shop"),
        ("event hm", 1, "shop"),
    }
    assert {one.subject: one.example for one in found}["x.count"] == "3"


def test_names_that_are_known_and_fill_no_field_are_no_news(project):
    """So that a name that is spelt wrongly stands alone."""
    known = {"gen_ai.request.temperature": 0.2, "llm.tools.0.tool.json_schema": "{}", "langfuse.version": "9"}
    stored(make_span(project.pk, attributes=known | {"gen_ai.request.temprature": 0.2}))
    stored(make_span(project.pk, counted=False, attributes={"llm.openai.object": "chat.completion"}))
    assert [one.subject for one in senders.report(project).attributes] == ["gen_ai.request.temprature"]


def test_a_new_sender_has_a_rate_at_once():
    assert senders.Client(0, "new", minutes=[0] * 9 + [40]).rate == 40
    assert senders.Client(0, "steady", minutes=[60] * 9 + [40]).rate == 60
    assert senders.Client(0, "silent", minutes=[60] * 2 + [0] * 8).rate == 0
    assert senders.Client(0, "unheard").rate == 0


def test_texts_are_missed_of_answers_and_not_of_embeddings(project):
    silent = {"input": "", "output": ""}
    stored(make_span(project.pk), make_span(project.pk, kind="embedding", **silent))
    (source,) = senders.report(project).sources
    assert source.source.textless == 0
    stored(make_span(project.pk, **silent))
    (source,) = senders.report(project).sources
    assert source.source.textless == 1


def test_a_price_is_missing_only_where_something_was_used(project):
    priced = {"cost_source": "", "cost_nano": 0, "provider": "acme"}
    stored(
        make_span(project.pk, model="acme-7b", **priced),
        make_span(project.pk, model="refused", input_tokens=0, output_tokens=0, status="error", **priced),
        make_span(project.pk, model="silent", input_tokens=0, output_tokens=0, **priced),
        make_span(project.pk, model="", **priced),
    )
    found = senders.report(project)
    assert [(one.subject, one.about) for one in found.unpriced] == [("acme-7b", "acme")]
    assert [client.total("unpriced") for client in found.clients] == [1]


def test_a_loud_sender_does_not_hide_what_a_quiet_one_sends(project):
    stored(*[make_span(project.pk, client="loud", attributes={"loud": 1}) for _ in range(200)])
    stored(make_span(project.pk, client="quiet", attributes={"quiet": 1}))
    found = {one.subject: one.times for one in senders.report(project).attributes}
    assert found == {"loud": tally.MOST_INSPECTED, "quiet": 1}


def test_spans_without_their_parent_are_found_once_it_could_have_come(project):
    stored(
        make_span(project.pk, trace_id="a", span_id="root"),
        make_span(project.pk, trace_id="a", parent_id="root", second=1),
        make_span(project.pk, trace_id="b", parent_id="lost", second=2),
        make_span(project.pk, trace_id="b", parent_id="lost", second=3),
        make_span(project.pk, trace_id="c", parent_id="root", second=4),
    )
    assert senders.report(project).parentless == []
    later = senders.report(project, now=datetime.now(UTC) + timedelta(minutes=3))
    assert [(one.trace_id, one.parent_id, one.spans) for one in later.parentless] == [
        ("c", "root", 1),
        ("b", "lost", 2),
    ]
    assert later.parentless_spans == 3
    assert [client.parentless for client in later.clients] == [3]


def test_what_came_longer_ago_is_left_out(project):
    stored(make_span(project.pk))
    assert senders.report(project, now=datetime.now(UTC) + timedelta(hours=25)).sources == []


@pytest.mark.parametrize(
    ("off", "clock"),
    [(timedelta(0), None), (timedelta(minutes=4), (True, 240)), (-timedelta(hours=3), (False, 10_800))],
    ids=["right", "ahead", "behind"],
)
def test_a_clock_that_is_off_is_found(project, off, clock):
    for _ in range(3):
        start = datetime.now(UTC) - timedelta(milliseconds=800)
        stored(make_span(project.pk, start_time=start + off))
    (client,) = senders.report(project).clients
    if clock is None:
        assert client.clock is None
    else:
        assert isinstance(client.clock, Clock)
        assert (client.clock.is_ahead, round(client.clock.seconds, -1)) == clock


def test_history_that_is_loaded_is_no_wrong_clock(project):
    for hours in range(5):
        stored(make_span(project.pk, second=hours * 3600))
    assert senders.report(project).clients[0].clock is None


def test_refusals_are_counted_by_reason_with_an_example_and_survive_a_restart(project):
    sender = Sender(project.pk, 0, SDK)
    tally.refused(sender, "traces", [f"resourceSpans[0].scopeSpans[0].spans[{n}].traceId: is missing" for n in (1, 7)])
    tally.refused(sender, "traces", ["413: The body has 70000000 bytes; at most 67108864 are taken."], whole=True)
    tally.flush()
    tally.forget()
    found = senders.report(project)
    assert {(one.subject, one.times, one.about) for one in found.refused} == {
        ("traceId: is missing", 2, "traces"),
        ("413: The body has … bytes; at most … are taken.", 1, "traces"),
    }
    assert "spans[1]" in {one.subject: one.example for one in found.refused}["traceId: is missing"]
    assert found.refusals == 3
    (client,) = found.clients
    assert (client.name, client.refused, client.receipts[0].requests) == (SDK, 3, 1)


def test_examples_are_redacted_and_short(project):
    secret = "sk-" + "a" * 30
    tally.refused(Sender(project.pk, 0, ""), "runs", [f"run: '{secret}' of ann@example.org is no UUID " + "x" * 5000])
    stored(make_span(project.pk, attributes={"x.key": secret, "x.long": "y" * 5000}))
    found = senders.report(project)
    (refusal,) = found.refused
    assert secret not in refusal.example + refusal.subject
    assert "ann@example.org" not in refusal.example
    assert len(refusal.example) <= tally.MAX_EXAMPLE + 20
    assert {one.subject: one.example for one in found.attributes}["x.key"] == "[redacted key]"


def test_a_flood_of_names_is_bounded(project):
    for number in range(tally.MOST_CLIENTS + 50):
        tally.received(Sender(project.pk, 0, f"robot {number}"), "traces", items=1)
    tally.refused(Sender(project.pk, 0, "one"), "traces", [f"field{n}: wrong" for n in range(1000)])
    report = senders.report(project)
    assert len(report.refused) <= tally.MOST_SUBJECTS + 1
    assert len(report.clients) <= senders.MOST_CLIENTS


def test_what_cannot_be_written_now_is_written_later(project, monkeypatch):
    def away(*_):
        raise StoreUnavailable("gone")

    tally.received(Sender(project.pk, 0, SDK), "metrics", items=5)
    with monkeypatch.context() as patched:
        patched.setattr("telemetry.store.insert", away)
        with pytest.raises(StoreUnavailable):
            tally.flush()
    (client,) = senders.report(project).clients
    assert [(one.signal, one.items) for one in client.receipts] == [("metrics", 5)]


def test_alice_and_bob_see_the_page_and_charlie_does_not(client, project):
    stored(fresh(project.pk, service="<b>shop</b>", scope="sdk/1", client="<i>sdk</i>", attributes={"<u>": 1}))
    for person in (make_alice(project), make_bob(project)):
        client.force_login(person)
        page = client.get("/senders/")
        assert "<b>shop</b> sdk/1" in text_of(page)
        assert "<i>" not in page.content.decode()
        assert "<u>" not in page.content.decode()
    client.force_login(make_charlie())
    assert client.get("/senders/").status_code == 404


def test_the_page_says_what_is_missing_and_links_to_it(viewer, project):
    stored(
        fresh(project.pk, client=SDK, model="my-model", cost_source="", input_tokens=0, output_tokens=0),
        fresh(project.pk, client=SDK, model="my-model", cost_source=""),
        fresh(project.pk, client="curl/8", kind="other", service=""),
    )
    page = viewer.get("/senders/?part=report")
    text = text_of(page)
    assert "1 of 2 calls say nothing of their tokens." in text
    assert "1 call has no price: my-model." in text
    assert "No model call among its spans." in text
    assert "Spans without a service name." in text
    assert "<html" not in page.content.decode()
    link = f"/traces/?project={project.slug}&amp;client={SDK.replace('/', '%2F')}&amp;key_id=0&amp;unpriced=1"
    assert "#unpriced" in page.content.decode()
    listed = viewer.get(link.replace("&amp;", "&"))
    assert "2 spans in 2 traces" in text_of(listed) or "my-model" in text_of(listed)


def test_the_list_of_traces_knows_what_made_a_span(viewer, project):
    stored(fresh(project.pk, client="one", name="first"), fresh(project.pk, client="two", name="second", scope="s/1"))
    assert "first" in text_of(viewer.get("/traces/?client=one"))
    assert "second" not in text_of(viewer.get("/traces/?client=one"))
    assert "second" in text_of(viewer.get("/traces/?scope=s/1&dialect=&key_id=0"))
    assert viewer.get("/traces/?key_id=x").status_code == 400


def test_only_who_administers_the_console_sees_keys_that_nobody_knows(client, project):
    tally.refused(Sender(tally.NOBODYS, 0, f"{SDK} #a1b2c3"), "traces", ["401: This key is not known"], whole=True)
    client.force_login(make_alice(project))
    assert "a1b2c3" not in text_of(client.get("/senders/"))
    root = make_user("root")
    root.is_superuser = True
    root.save()
    client.force_login(root)
    text = text_of(client.get(f"/senders/?project={project.slug}"))
    assert "a1b2c3" in text
    assert "401: This key is not known" in text


def test_an_empty_page_says_how_to_send_and_a_store_that_is_away_says_so(viewer, monkeypatch):
    text = text_of(viewer.get("/senders/"))
    assert "Nothing was received in the last 24 hours" in text
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://testserver" in text

    def away(*_, **__):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(senders, "report", away)
    page = viewer.get("/senders/")
    assert page.status_code == 200
    assert "The telemetry store does not answer." in text_of(page)
