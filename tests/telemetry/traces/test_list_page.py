"""The page /traces/ as people use it."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from core.timerange import TimeRange
from telemetry import series, trace_list, views
from telemetry.store import StoreUnavailable, TookTooLong
from tests.people import make_alice, make_bob, make_charlie
from tests.telemetry.traces.factories import IN_DAY, make_span, make_trace, stored

pytestmark = pytest.mark.usefixtures("telemetry_store")


def text_of(response) -> str:
    """What stands on the page, without its markup."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))).strip()


def links_to_traces(response) -> list[str]:
    return re.findall(r'href="/traces/([^/"?]+)/\?', response.content.decode())


def test_alice_and_bob_see_it_and_charlie_does_not(client, project):
    stored(make_span(project.pk, trace_id="t"))
    for person in (make_alice(project), make_bob(project)):
        client.force_login(person)
        assert links_to_traces(client.get(f"/traces/?{IN_DAY}")) == ["t"]
    client.force_login(make_charlie())
    assert client.get("/traces/").status_code == 404
    assert client.get(f"/traces/?project={project.slug}").status_code == 404
    client.logout()
    assert client.get("/traces/").status_code == 302


def test_it_says_how_many_match_and_shows_each_trace_in_a_row(viewer, project):
    stored(*make_trace(project.pk, "t1"), *make_trace(project.pk, "t2", second=60))
    page = viewer.get(f"/traces/?{IN_DAY}")
    said = text_of(page)
    assert "6 spans in 2 traces match." in said
    assert "answer Who wrote Emma? chat gpt-4o 2.00 s 120 $0.00150 ok – 3" in said
    assert links_to_traces(page) == ["t2", "t1"]


@pytest.mark.usefixtures("same_minute")
def test_a_figure_and_the_list_it_opens_agree_to_the_span(viewer, project, stores):
    """Figures count whole minutes, so the list does: also of a range that ends now."""
    now = datetime.now(UTC)
    for age in (1, 30, 59, 61, 3599, 3601, 3659, 3700):
        stored(make_span(project.pk, start_time=now - timedelta(seconds=age)))
    span = TimeRange(now - timedelta(hours=1), now, "1h")
    counted = series.total(project.pk, span)
    said = text_of(viewer.get("/traces/?range=1h&calls=1"))
    assert f"{counted.calls} spans in {counted.calls} traces match." in said


def test_filters_show_as_chips_and_narrow_the_list(viewer, project):
    stored(make_span(project.pk, trace_id="a", model="o3"), make_span(project.pk, trace_id="b"))
    page = viewer.get(f"/traces/?{IN_DAY}&model=o3")
    assert links_to_traces(page) == ["a"]
    assert "Remove the filter model" in text_of(page)
    assert "1 span in 1 trace matches." in text_of(page)


def test_a_submitted_form_leads_to_an_address_without_empty_fields(viewer, project):
    answer = viewer.get(f"/traces/?form=1&{IN_DAY}&project=default&q=+emma+&model=&kind=llm&min_ms=&feature=")
    assert answer.status_code == 302
    assert (
        answer.url
        == "/traces/?project=default&from=2026-11-20T00%3A00%3A00Z&to=2026-11-21T00%3A00%3A00Z&kind=llm&q=emma"
    )


def test_the_form_shows_what_is_asked_for(viewer, project):
    page = viewer.get(f"/traces/?{IN_DAY}&kind=tool&min_ms=250&calls=1&q=%22x%22").content.decode()
    assert "<option selected>tool</option>" in page
    assert 'name="min_ms" value="250"' in page
    assert 'name="calls" value="1" checked' in page
    assert 'name="q" maxlength="500" value="&quot;x&quot;"' in page


def test_older_pages_are_links_that_keep_the_filters(viewer, project):
    stored(*(make_span(project.pk, trace_id=f"t{n:02}", second=n) for n in range(60)))
    first = viewer.get(f"/traces/?{IN_DAY}&model=gpt-4o")
    (address,) = re.findall(r'href="(\?[^"]+)" rel="next"', first.content.decode())
    assert "model=gpt-4o" in address
    second = viewer.get("/traces/" + address.replace("&amp;", "&"))
    assert links_to_traces(first) + links_to_traces(second) == [f"t{n:02}" for n in range(59, -1, -1)]
    assert "No older traces match." in text_of(second)
    fragment = viewer.get("/traces/" + address.replace("&amp;", "&") + "&part=rows")
    assert "<html" not in fragment.content.decode()
    assert links_to_traces(fragment) == links_to_traces(second)


def test_with_filters_a_row_opens_at_the_span_that_matches(viewer, project):
    trace = make_trace(project.pk, "t")
    stored(*trace)
    page = viewer.get(f"/traces/?{IN_DAY}&kind=retrieval").content.decode()
    assert f"&amp;span={trace[1].span_id}" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("range=2y", "range: &#x27;2y&#x27; is not one of"),
        ("min_ms=soon", "min_ms: &#x27;soon&#x27; is not a number"),
        ("cursor=xyz", "cursor: not one that this list gave out"),
        ("from=now&to=now-1h", "from: must be before to"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused_by_name(viewer, project, query, said):
    answer = viewer.get(f"/traces/?{query}")
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_nothing_here_and_nothing_that_matches_are_told_apart(viewer, project):
    assert "No traces in this range" in text_of(viewer.get("/traces/"))
    stored(make_span(project.pk))
    assert "No trace matches" in text_of(viewer.get(f"/traces/?{IN_DAY}&model=none"))


def test_a_search_that_takes_too_long_says_so(viewer, project, monkeypatch):
    def too_long(*_, **__):
        raise TookTooLong("TIMEOUT_EXCEEDED")

    monkeypatch.setattr(trace_list, "page", too_long)
    monkeypatch.setattr(trace_list, "count", too_long)
    page = viewer.get("/traces/?q=emma")
    assert page.status_code == 200
    assert views.STOPPED in text_of(page)
    assert "Counting all matches took too long" in text_of(viewer.get("/traces/?q=emma&part=count"))


def test_a_store_that_is_away_is_said_and_the_page_stays(viewer, project, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(trace_list, "page", away)
    monkeypatch.setattr(trace_list, "count", away)
    page = viewer.get("/traces/")
    assert page.status_code == 200
    assert "The telemetry store does not answer." in text_of(page)


def test_a_text_search_counts_on_its_own(viewer, project):
    stored(make_span(project.pk))
    page = viewer.get(f"/traces/?{IN_DAY}&q=emma").content.decode()
    assert "part=count" in page
    assert "spans in" not in page
    assert text_of(viewer.get(f"/traces/?{IN_DAY}&q=emma&part=count")) == "1 span in 1 trace matches."


def test_an_id_leads_to_its_trace_also_outside_of_the_range(viewer, project):
    span = make_span(project.pk, trace_id="c0ffee" * 5, span_id="deadbeef" * 2)
    stored(span)
    for text in (span.trace_id, span.span_id):
        assert f"/traces/{span.trace_id}/" in viewer.get(f"/traces/?range=15m&q={text}").content.decode()
    assert "There is a trace with this id" not in text_of(viewer.get("/traces/?q=" + "0" * 32))


def test_the_values_of_the_range_are_offered_while_typing(viewer, project):
    stored(make_span(project.pk, model="o3"), make_span(project.pk, model="o3"), make_span(project.pk, model="<b>"))
    offered = viewer.get(f"/traces/?{IN_DAY}&part=values").content.decode()
    assert '<datalist id="values-model"><option value="o3"></option><option value="&lt;b&gt;"></option>' in offered


def test_what_came_from_outside_is_shown_as_text(viewer, project):
    evil = "<script>alert(1)</script>"
    stored(
        make_span(
            project.pk,
            trace_id='"><b>',
            name=evil,
            model=evil,
            input=evil,
            feature=evil,
            error_type=evil,
            status="error",
        )
    )
    page = viewer.get(f"/traces/?{IN_DAY}&name={evil}").content.decode()
    assert evil not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '"><b>' not in page


def test_unknown_cost_is_said(viewer, project):
    unknown = {"cost_source": "", "cost_nano": 0}
    stored(make_span(project.pk, trace_id="a", **unknown), make_span(project.pk, trace_id="b", second=1, **unknown))
    stored(make_span(project.pk, trace_id="b", second=2))
    said = text_of(viewer.get(f"/traces/?{IN_DAY}"))
    assert "unknown" in said
    assert "≥ $0.00150" in said
