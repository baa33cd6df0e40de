"""Figures as data: shared positions, links, gaps and the table that says the same."""

from datetime import UTC, datetime, timedelta

from django.template import Context, Template

from core import charts

TIMES = [datetime(2026, 7, 30, hour, tzinfo=UTC) for hour in (10, 11, 12)]


def test_series_over_the_same_times_say_them_once():
    figure = charts.figure(
        charts.line(TIMES, [1, None, 3], name="now"), charts.line(TIMES, [1, 2, 3], name="before"), uirevision="x"
    )

    assert figure["data"][0]["x"] == ["2026-07-30T10:00:00", "2026-07-30T11:00:00", "2026-07-30T12:00:00"]
    assert figure["data"][1]["x"] == charts.SAME_X
    assert charts.x_of(figure, figure["data"][1]) == figure["data"][0]["x"]


def test_the_table_says_what_the_chart_shows_with_the_same_links():
    figure = charts.figure(
        charts.line(TIMES, [1, None, 3], name="a", link="/traces/?from=START&to=END", step=timedelta(hours=1)),
        charts.line(TIMES, [4, 5, 6], name="b", links=["/1", "/2", "/3"]),
        uirevision="x",
    )

    headings, rows = charts.as_table(figure)

    assert headings == ["Time (UTC)", "a", "b"]
    link = "/traces/?from=2026-07-30T11:00:00Z&to=2026-07-30T12:00:00Z"
    assert rows[1] == charts.TableRow("2026-07-30T11:00:00", link, [None, 5])


def test_horizontal_bars_are_a_table_of_categories():
    bars = charts.bars([3, 1], ["one", "two"], horizontal=True, name="count", links=["/one", "/two"])

    assert charts.as_table(charts.figure(bars, uirevision="x")) == (
        ["", "count"],
        [charts.TableRow("one", "/one", [3]), charts.TableRow("two", "/two", [1])],
    )


def test_few_things_are_counted_in_whole_steps():
    def axis(*counts):
        return charts.figure(charts.bars(TIMES, counts), uirevision="x", unit="count")["layout"]["yaxis"]

    assert axis(0, 1, 0)["dtick"] == 1
    assert "dtick" not in axis(0, 40, 2)


def test_a_value_without_neighbours_gets_a_marker():
    assert charts.line(TIMES, [None, 2, None], name="alone")["mode"] == "lines+markers"
    assert charts.line(TIMES, [1, 2, None], name="pair")["mode"] == "lines"


def test_an_incident_is_a_band_that_opens_its_source():
    mark = charts.Mark(TIMES[0], "INC-1", "/incidents/INC-1/", until=TIMES[1])

    layout = charts.figure(charts.line(TIMES, [1, 2, 3], name="a"), uirevision="x", marks=[mark])["layout"]

    assert [shape["type"] for shape in layout["shapes"]] == ["line", "rect"]
    assert layout["annotations"][0]["name"] == "/incidents/INC-1/"
    assert layout["annotations"][0]["hovertext"] == "INC-1"


def test_a_figure_on_a_page_cannot_leave_its_script():
    evil = "</script><script>alert(1)</script>"
    figure = charts.figure(charts.line(TIMES, [1, 2, 3], name=evil, links=["/?a=<b>"] * 3), uirevision="x")

    html = Template('{% load onwatch %}{% figure "trend" figure alternative %}').render(
        Context({"figure": figure, "alternative": evil})
    )

    assert html.count("<script") == 1
    assert "alert(1)</script>" not in html
    assert 'id="trend-data"' in html
    assert "hx-preserve" in html
    assert "<noscript>" in html
