"""The list of metrics and the chart of one."""

import json
import re
from datetime import timedelta

import pytest

from telemetry.metrics import page as metric_page
from telemetry.metrics import queries as metric_queries
from telemetry.store import StoreUnavailable
from tests.people import make_alice, make_charlie
from tests.telemetry.metrics.bodies import DELTA, MINUTE_NS, T0, Body, moment
from tests.telemetry.traces.test_list_page import text_of

pytestmark = pytest.mark.usefixtures("telemetry_store")

LIST, CHART = "/metrics-explorer/", "/metrics-explorer/chart/"


def within(minutes: int = 5) -> dict[str, str]:
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {"from": moment(T0).strftime(form), "to": moment(T0 + minutes * MINUTE_NS).strftime(form)}


def figure_of(response) -> dict:
    (found,) = re.findall(r'<script id="[^"]+" type="application/json">(.*?)</script>', response.content.decode())
    return json.loads(found)


def lines_of(response) -> dict[str, list]:
    return {trace["name"]: trace["y"] for trace in figure_of(response)["data"]}


def chart(viewer, metric: str, **query: str):
    response = viewer.get(CHART, within() | {"metric": metric} | query)
    assert response.status_code == 200
    return response


def test_a_project_without_metrics_is_told_how_to_send_them(viewer):
    shown = viewer.get(LIST)
    assert "No metrics yet" in text_of(shown)
    assert b"OTEL_METRICS_EXPORTER=otlp" in shown.content


def test_every_metric_is_listed_with_its_last_value(viewer, project):
    depth, tokens = [4] * 8 + [5] * 4, range(60, 60 * 13, 60)
    Body().gauge("queue.depth", *depth, unit="{job}").sum("tokens", *tokens, unit="{token}").store(project)
    shown = text_of(viewer.get(LIST))
    assert "2 metrics" in shown
    assert "5 jobs average" in shown
    assert "1 tokens/s rate" in shown
    assert viewer.get(LIST).content.count(b"<polyline") == 2
    assert "1 metric with" in text_of(viewer.get(LIST, {"q": "DEPTH"}))
    assert "No metric has that in its name" in text_of(viewer.get(LIST, {"q": "nothing"}))


def test_it_is_in_the_navigation(viewer):
    assert b'href="/metrics-explorer/' in viewer.get(LIST).content
    assert b'aria-current="page"' in viewer.get(LIST).content


def test_a_chart_shows_what_is_asked_for(viewer, project):
    Body().histogram("latency", (10, 0, 0, 0), (0, 10, 0, 0), temporality=DELTA).store(project)
    assert lines_of(chart(viewer, "latency"))["95th percentile"][:2] == pytest.approx([0.95, 1.95])
    assert lines_of(chart(viewer, "latency", aggregation="count"))["how many"][:2] == [10, 10]
    assert "whole range: 1.5 s" in text_of(chart(viewer, "latency", aggregation="avg"))


def test_a_chart_is_cut_by_attributes(viewer, project):
    Body().gauge("depth", 1, queue="mail").gauge("depth", 5, queue="video").store(project)
    assert set(lines_of(chart(viewer, "depth", by="queue"))) == {"mail", "video"}
    assert lines_of(chart(viewer, "depth", aggregation="sum"))["sum of the last values"][0] == 6
    narrowed = chart(viewer, "depth", **{"where.queue": "mail"})
    assert lines_of(narrowed)["average"][0] == 1
    assert "queue: mail" in text_of(narrowed)
    assert "No series has these attributes" in text_of(chart(viewer, "depth", **{"where.queue": "none"}))


def test_values_beyond_all_sums_spoil_no_page(viewer, project):
    Body().gauge("odd", 1.7e308, 1.7e308).gauge("fine", 5).store(project)
    assert "fine" in text_of(viewer.get(LIST))
    assert "whole range: –" in text_of(chart(viewer, "odd"))


def test_only_so_many_lines_are_drawn(viewer, project):
    body = Body()
    for number in range(12):
        body.gauge("depth", number, queue=f"q{number:02d}")
    body.store(project)
    shown = chart(viewer, "depth", by="queue")
    assert list(lines_of(shown)) == [f"q{number:02d}" for number in range(11, 3, -1)]
    assert "4 smaller groups not drawn" in text_of(shown)


def test_nothing_in_the_range_says_so(viewer, project):
    Body().gauge("depth", 1).store(project)
    long_ago = {"metric": "depth", "from": "now-20d", "to": "now-19d"}
    assert "Nothing in this range" in text_of(viewer.get(CHART, long_ago))


@pytest.mark.parametrize(("spread", "is_told"), [((0, 30, 0, 0), True), ((4, 12, 14, 2), False)])
def test_percentiles_of_useless_buckets_are_called_so(viewer, project, spread, is_told):
    Body().histogram("latency", spread, bounds=(0.0, 5.0, 10.0)).store(project)
    assert ("limited by the sender" in text_of(chart(viewer, "latency"))) is is_told
    assert "limited by the sender" not in text_of(chart(viewer, "latency", aggregation="avg"))


def test_what_a_sender_believes_to_spend_is_no_spend(viewer, project):
    Body().histogram("gen_ai.usage.cost", (1, 0, 0, 0)).store(project)
    assert "never added to" in text_of(chart(viewer, "gen_ai.usage.cost"))


@pytest.mark.parametrize(
    ("query", "message"),
    [({"aggregation": "p95"}, "aggregation"), ({"by": "nothing"}, "by"), ({"range": "soon"}, "range")],
)
def test_what_makes_no_sense_is_refused_by_name(viewer, project, query, message):
    Body().gauge("depth", 1, queue="mail").gauge("depth", 1, queue="video").store(project)
    response = viewer.get(CHART, {"metric": "depth"} | query)
    assert (response.status_code, message in text_of(response)) == (400, True)


def test_an_unknown_metric_is_404(viewer):
    assert viewer.get(CHART, {"metric": "none"}).status_code == 404


def test_others_see_nothing(client, project):
    Body().gauge("depth", 1).store(project)
    client.force_login(make_charlie())
    assert client.get(LIST).status_code == 404
    assert client.get(CHART, {"metric": "depth"}).status_code == 404


def test_admins_are_offered_a_rule(client, viewer, project):
    Body().gauge("depth", 1).store(project)
    assert "Alert on this" not in text_of(chart(viewer, "depth"))
    client.force_login(make_alice(project))
    assert "Alert on this" in text_of(chart(client, "depth"))


def test_a_store_that_is_away_is_told(viewer, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable

    for name in ("metrics", "attributes"):
        monkeypatch.setattr(metric_queries, name, away)
    for path in (LIST, CHART):
        response = viewer.get(path, {"metric": "depth"})
        assert response.status_code == 503
        assert "does not answer" in text_of(response)


def test_markup_in_names_is_text(viewer, project):
    Body().gauge("<b>depth", 1, queue="<i>mail").gauge("<b>depth", 1, queue="b").store(project)
    for response in (viewer.get(LIST), chart(viewer, "<b>depth", by="queue")):
        assert b"<b>depth" not in response.content.replace(b'type="application/json"', b"")
        assert b"<i>mail" not in response.content


def test_thirty_days_are_read_from_roll_ups(project, monkeypatch):
    asked = []

    def note(*_, pieces, **parameters):
        asked.append((pieces, parameters))
        return []

    monkeypatch.setattr(metric_queries.store, "rows", note)
    series = [metric_queries.Series("depth", 1, "gauge", "", "", False, "", "", {})]
    now = moment(T0)
    for days, step in ((30, 360), (1, 15)):
        span = metric_queries.TimeRange(now - timedelta(days=days), now)
        metric_queries.by_series(series, project.pk, span, timedelta(minutes=step))
    tables = ["metric_points_1h", "metric_points_5m"]
    assert [table in pieces["source"] for table, (pieces, _) in zip(tables, asked, strict=True)] == [True, True]
    for _, parameters in asked:
        assert parameters["cut"] >= (T0 // 10**9 - 2 * 3600) * 10**6


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0.0, "0"), (1234.0, "1,234"), (0.123456, "0.1235"), (1234.567, "1,234.57"), (float("nan"), "–")],
)
def test_figures_are_short(value, text):
    assert metric_page.number_text(value) == text
