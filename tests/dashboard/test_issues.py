"""Top issues from known rows in the real store."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboard import issues
from dashboard.queries import Reading
from telemetry.scope import Scope
from tests.dashboard.factories import make_span, send

pytestmark = pytest.mark.usefixtures("stores", "as_sent")

HOUR_AGO = timedelta(hours=1)


@pytest.fixture
def project(project):
    project.latency_target_ms = 1000
    project.save()
    return project


def find(project, **query):
    return issues.find(Reading(Scope.from_query(project, query)))


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def test_a_slow_operation_is_found_with_its_worst_step(project):
    send(
        *(make_span(project, ago=timedelta(hours=3), name="quick") for _ in range(30)),
        *(make_span(project, ago=timedelta(hours=3), name="slow") for _ in range(20)),
        *(make_span(project, ago=HOUR_AGO, name="slow", duration_ms=4000) for _ in range(5)),
        make_span(project, ago=timedelta(hours=5), name="slow", duration_ms=4000),
    )

    (issue,) = find(project)

    assert (issue.kind, issue.subject, issue.level) == ("slow", "slow", "bad")
    assert issue.how_often == "about 6 of 26 slower"
    assert "p99 4.0" in issue.what and "target of 1.00 s" in issue.what
    assert issue.peak == "5 slow"
    whole = query_of(issue.url)
    assert (whole["name"], whole["min_ms"]) == ("slow", "1000")
    assert whole["from"].endswith(":00:00Z") and whole["to"].endswith(":00:00Z")
    peak = query_of(issue.peak_url)
    assert peak["from"] <= issue.peaked_at.strftime("%Y-%m-%dT%H:%M:%SZ") < peak["to"]
    assert peak["name"] == "slow"


def test_few_slow_operations_are_no_issue(project):
    send(*(make_span(project, name="rare", duration_ms=9000) for _ in range(issues.LEAST_OPERATIONS - 1)))

    assert find(project) == []


def test_low_scores_are_grouped_by_feature_and_topic(project):
    low = [make_span(project, feature="returns", scores={"overall": 0.4, "safety": 0.1}) for _ in range(6)]
    for span in low:
        for score in span.scores:
            score.topic = "refunds"
    send(*low, *(make_span(project, scores={"overall": 0.9, "safety": 0.2}) for _ in range(6)))

    (issue,) = find(project)

    assert (issue.kind, issue.subject) == ("quality", "returns · refunds")
    assert issue.what == "overall score of 0.40 on average"
    assert issue.how_often == "6 answers scored"
    assert issue.impact == pytest.approx(6 * 0.6)
    assert query_of(issue.url) | {"project": ""} == {
        "project": "", "feature": "returns", "topic": "refunds", "score": "overall", "score_below": "0.6",
    }  # fmt: skip


def test_without_overall_the_worst_dimension_judges(project):
    send(*(make_span(project, scores={"correctness": 0.5, "safety": 0.3, "helpfulness": 0.9}) for _ in range(5)))

    (issue,) = find(project)

    assert issue.what == "safety score of 0.30 on average"


def test_a_dip_is_found_although_the_day_is_fine(project):
    fine = [
        make_span(project, ago=timedelta(minutes=10 * number), feature="chat", scores={"overall": 0.95})
        for number in range(1, 120)
    ]
    send(*fine, *(make_span(project, ago=HOUR_AGO * 5, feature="chat", scores={"overall": 0.4}) for _ in range(12)))

    (issue,) = find(project)

    assert (issue.kind, issue.subject) == ("quality", "chat")
    assert issue.what.startswith("overall score fell to 0.4")
    assert issue.how_often.endswith(" of 131 answers")
    assert query_of(issue.url)["feature"] == "chat"


def test_a_feature_of_many_rare_topics_is_low_as_a_whole(project):
    spans = [make_span(project, feature="chat", scores={"overall": 0.3}) for _ in range(8)]
    for number, span in enumerate(spans):
        span.scores[0].topic = f"topic {number}"
    send(*spans)

    (issue,) = find(project)

    assert (issue.subject, issue.what) == ("chat", "overall score of 0.30 on average")


def test_a_rate_limit_spike_is_found_by_model(project):
    send(
        *(make_span(project, ago=timedelta(hours=hours)) for hours in range(1, 23) for _ in range(8)),
        *(make_span(project, ago=HOUR_AGO, status="error", error_type="rate_limit") for _ in range(7)),
        make_span(project, ago=timedelta(hours=8), status="error", error_type="rate_limit"),
    )

    (issue,) = find(project)

    assert (issue.kind, issue.subject, issue.what) == ("rate_limit", "model-a", "rate-limit spike")
    assert issue.how_often == "8 of 184 failed, 4.3 %"
    assert issue.peak.startswith("7 in 1 h")
    assert query_of(issue.url) | {"project": "", "from": "", "to": ""} == {
        "project": "", "model": "model-a", "error_type": "rate_limit", "failed": "1", "from": "", "to": "",
    }  # fmt: skip


def test_a_few_hours_are_looked_through_more_finely(project):
    send(*(make_span(project, ago=HOUR_AGO, status="error", error_type="timeout") for _ in range(9)))

    (issue,) = find(project, range="6h")

    assert issue.peak.startswith("9 in 5 min")
    assert "from" not in query_of(issue.url)


def test_failing_tools_go_by_their_name(project):
    failed = {"kind": "tool", "model": "", "status": "error", "error_type": "tool_error", "cost_nano": 0}
    send(*(make_span(project, name="get_order", **failed) for _ in range(6)))

    (issue,) = find(project)

    assert (issue.kind, issue.subject, issue.level) == ("errors", "get_order", "bad")
    assert query_of(issue.url)["name"] == "get_order"
    assert query_of(issue.url)["model"] == ""


def test_chains_repeat_no_failure(project):
    send(*(make_span(project, kind="chain", status="error", error_type="timeout") for _ in range(9)))

    assert find(project) == []


def test_long_ranges_read_the_hour_table(project):
    send(*(make_span(project, ago=timedelta(days=3), status="error", error_type="timeout") for _ in range(9)))

    (issue,) = find(project, range="7d")

    assert issue.how_often == "9 of 9 failed, 100 %"
    bounds = query_of(issue.url)
    assert bounds["from"].endswith(":00:00Z") and bounds["to"].endswith(":00:00Z")


def test_filters_narrow_the_issues(project):
    send(*(make_span(project, feature="search", status="error", error_type="timeout") for _ in range(9)))

    assert len(find(project, feature="search")) == 1
    assert find(project, feature="checkout") == []


def test_the_worst_comes_first(project):
    send(
        *(make_span(project, model="small", status="error", error_type="timeout") for _ in range(6)),
        *(make_span(project, model="large", status="error", error_type="timeout") for _ in range(12)),
    )

    assert [issue.subject for issue in find(project)] == ["large", "small"]


@pytest.mark.parametrize(
    ("failed", "usual", "burst"),
    [(4, 0, False), (5, 0, True), (6, 1.8, False), (9, 1.8, True), (29, 10, False), (30, 10, True), (199, 150, False)],
)
def test_a_burst_stands_out_from_what_is_usual(failed, usual, burst):
    assert issues.is_burst(failed, usual) is burst


def test_the_comparison_says_what_is_usual(project):
    day, minute = timedelta(days=1), timedelta(minutes=2)
    failed = {"status": "error", "error_type": "timeout"}
    send(
        *(make_span(project, ago=HOUR_AGO, **failed) for _ in range(6)),
        *(make_span(project, ago=HOUR_AGO + day + minute * number, **failed) for number in range(120)),
        *(make_span(project, ago=timedelta(hours=2)) for _ in range(200)),
    )

    assert find(project) == []
    assert len(find(project, compare="none")) == 1


def test_many_kinds_and_steps_of_failure_do_not_crowd_out_the_comparison(project):
    """A day has 96 steps; that many kinds of failure in each of them are more rows than one answer holds."""
    day = timedelta(days=1)
    kinds = [(f"model-{model}", error) for model in range(6) for error in ("timeout", "rate_limit", "provider_5xx")]
    spans = [
        make_span(project, ago=timedelta(minutes=15 * step + 5) + shift, model=model, status="error", error_type=error)
        for shift in (timedelta(), day)
        for step in range(90)
        for model, error in kinds
    ]
    send(*spans, *(make_span(project, model=f"model-{model}") for model in range(6) for _ in range(5500)))

    assert find(project) == []
