"""Who sends, and what of it was not understood."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import ApiKey
from telemetry import senders
from telemetry.store import StoreUnavailable
from tests.people import make_alice, make_bob, make_charlie
from tests.telemetry.traces.factories import make_span, stored
from tests.telemetry.traces.test_list_page import text_of

pytestmark = pytest.mark.usefixtures("telemetry_store")


def test_it_counts_by_service_instrumentation_dialect_and_key(project):
    key, _ = ApiKey.issue(project, name="shop backend")
    sdk = {"scope": "openai/1.2", "dialect": "genai", "key_id": key.pk}
    stored(
        make_span(project.pk, **sdk),
        make_span(project.pk, **sdk, cost_source="", model="my-model", input_tokens=7, output_tokens=3),
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
    assert (unpriced.model, unpriced.calls, unpriced.input_tokens, unpriced.output_tokens) == ("my-model", 1, 7, 3)
    assert report.spans == 4


def test_attributes_that_no_table_understood_are_counted(project):
    stored(
        make_span(project.pk, attributes={"x.tenant": "acme", "x.count": 3}),
        make_span(project.pk, attributes={"x.tenant": "other"}),
        make_span(project.pk),
    )
    found = senders.report(project).attributes
    assert [(one.name, one.spans, one.service) for one in found] == [("x.tenant", 2, "shop"), ("x.count", 1, "shop")]
    assert found[1].example == "3"


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


def test_what_came_longer_ago_is_left_out(project):
    stored(make_span(project.pk))
    assert senders.report(project, now=datetime.now(UTC) + timedelta(hours=25)).sources == []


def test_alice_and_bob_see_the_page_and_charlie_does_not(client, project):
    stored(make_span(project.pk, service="<b>shop</b>", scope="sdk/1", attributes={"<i>": 1}))
    for person in (make_alice(project), make_bob(project)):
        client.force_login(person)
        page = client.get("/senders/")
        assert "<b>shop</b> sdk/1" in text_of(page)
        assert "<i>" not in page.content.decode()
    client.force_login(make_charlie())
    assert client.get("/senders/").status_code == 404


def test_an_empty_page_and_a_store_that_is_away_say_so(viewer, monkeypatch):
    assert "Nothing was received in the last 24 hours" in text_of(viewer.get("/senders/"))

    def away(*_):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(senders, "report", away)
    page = viewer.get("/senders/")
    assert page.status_code == 200
    assert "The telemetry store does not answer." in text_of(page)
