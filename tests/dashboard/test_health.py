"""The health score as tables of cases; no store, no database."""

import pytest

from accounts.models import Project
from dashboard import health
from telemetry.window import ModelSum, ScoreSum, Window, latency_bucket

PROJECT = Project(slug="p", latency_target_ms=1000)


def make_window(calls=100, errors=0, latency_ms=100.0, cost_nano=1_000_000, unpriced=0, scores=None) -> Window:
    return Window(
        spans=calls,
        calls=calls,
        errors=errors,
        cost_nano=cost_nano * (calls - unpriced),
        models={"m": ModelSum(calls=calls, cost_nano=cost_nano * (calls - unpriced), unpriced=unpriced)},
        latency={latency_bucket(latency_ms): calls} if calls else {},
        scores={
            name: ScoreSum(count, mean * count, mean * mean * count) for name, (count, mean) in (scores or {}).items()
        },
    )


def component(key, window, before=None, **more):
    found = health.of(window, before, PROJECT, **more)
    return next(each for each in found.components if each.key == key)


@pytest.mark.parametrize(
    ("errors", "points"),
    [(0, 100), (5, 95), (10, 90), (50, 60), (75, 47.5), (100, 35), (150, 17.5), (200, 0), (1000, 0)],
)
def test_it_scores_errors_by_straight_lines(errors, points):
    assert component("errors", make_window(calls=1000, errors=errors)).score == pytest.approx(points)


@pytest.mark.parametrize(("times", "points"), [(0.1, 100), (0.5, 98.5), (1, 88.9), (2, 50), (4, 11.1), (50, 0.0)])
def test_latency_falls_smoothly_around_the_target(times, points):
    assert health.latency_points(times * 1000, 1000) == pytest.approx(points, abs=0.1)


def test_latency_is_the_mean_of_p99_against_the_target_and_p95_against_half_of_it():
    window = make_window(calls=100, latency_ms=1000)

    assert component("latency", window).score == pytest.approx((88.9 + 50) / 2, abs=2)


@pytest.mark.parametrize(
    ("scores", "points", "sample"),
    [
        ({"overall": (20, 0.8)}, 80, 20),
        ({"overall": (20, 0.8), "safety": (90, 0.1)}, 80, 20),
        ({"correctness": (10, 0.6), "safety": (30, 1.0)}, 80, 40),
        ({"overall": (20, 1.4)}, 100, 20),
    ],
)
def test_quality_is_the_overall_score_else_the_mean_of_the_dimensions(scores, points, sample):
    found = component("quality", make_window(scores=scores))

    assert found.score == pytest.approx(points)
    assert found.sample == sample


@pytest.mark.parametrize(
    ("now", "then", "points"),
    [(1000, 1000, 100), (500, 1000, 100), (1500, 1000, 75), (2000, 1000, 50), (2500, 1000, 25), (9000, 1000, 0)],
)
def test_cost_is_measured_against_the_comparison(now, then, points):
    found = component("cost", make_window(cost_nano=now), make_window(cost_nano=then))

    assert found.score == pytest.approx(points)
    assert found.change == pytest.approx(points - 100)
    assert found.before == then


def test_without_a_comparison_cost_follows_the_budgets_and_says_so():
    found = component("cost", make_window(), None, budget_pace=1.5)

    assert found.score == pytest.approx(75)
    assert found.note == "by the pace of the budgets"
    assert found.change is None


@pytest.mark.parametrize(
    ("key", "window", "note"),
    [
        ("quality", make_window(), "no scores yet"),
        ("latency", make_window(calls=0), "no calls"),
        ("errors", make_window(calls=0), "no calls"),
        ("cost", make_window(), "nothing to compare with, and no budget"),
        ("cost", make_window(unpriced=100), "no call with a known cost"),
    ],
)
def test_it_says_what_is_missing_and_never_scores_it(key, window, note):
    found = component(key, window)

    assert found.score is None
    assert found.note == note
    assert not found.is_good


def test_missing_components_leave_their_weight_to_the_others():
    found = health.of(make_window(calls=1000, errors=50, latency_ms=1), None, PROJECT)

    assert [each.key for each in found.missing] == ["quality", "cost"]
    assert found.score == pytest.approx((0.20 * 100 + 0.25 * 60) / 0.45, abs=0.1)


def test_nothing_received_is_unknown_and_not_perfect():
    found = health.of(Window(), Window(), PROJECT)

    assert found.score is None
    assert found.change is None
    assert found.level == "unknown"


def test_few_samples_are_said():
    assert component("errors", make_window(calls=3)).note == "only 3 calls"
    assert component("errors", make_window(calls=1)).note == "only 1 call"
    assert component("quality", make_window(scores={"overall": (4, 0.9)})).note == "only 4 scores"


def test_the_change_compares_only_what_both_sides_know():
    now = make_window(calls=1000, errors=50, scores={"overall": (50, 0.2)})
    before = make_window(calls=1000, errors=10)

    found = health.of(now, before, PROJECT)

    # Errors lost 30 points, latency and cost nothing; quality appeared and is no change.
    assert found.change == pytest.approx(-30 * 0.25 / 0.60)


def test_weights_add_up():
    assert sum(health.WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("score", "level"), [(100, "ok"), (80, "ok"), (79.9, "warn"), (60, "warn"), (59, "bad"), (None, "unknown")]
)
def test_levels(score, level):
    assert health.level(score) == level
