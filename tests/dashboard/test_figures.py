"""What the charts show, from windows alone."""

from datetime import UTC, datetime, timedelta

from accounts.models import Project
from dashboard.figures import quality_figure
from telemetry.scope import Scope
from telemetry.window import ScoreSum, Window

START = datetime(2026, 3, 2, 10, tzinfo=UTC)


def trend(*steps: tuple[int, float]):
    """Steps of 15 minutes, each with so many scores of this mean."""
    return [
        (START + timedelta(minutes=15) * place, Window(scores={"overall": ScoreSum(count, count * mean, 0.0)}))
        for place, (count, mean) in enumerate(steps)
    ]


def drawn(*steps: tuple[int, float]) -> list[float | None]:
    scope = Scope.from_query(Project(slug="default"), {})
    (line,) = quality_figure(scope, trend(*steps), [], [])["data"]
    return line["y"]


def test_a_step_that_has_just_begun_is_no_fall():
    assert drawn((40, 0.9), (38, 0.95), (2, 0.0)) == [0.9, 0.95]


def test_a_step_with_enough_scores_is_drawn():
    assert drawn((40, 0.9), (38, 0.95), (3, 0.1)) == [0.9, 0.95, 0.1]


def test_the_first_score_ever_is_drawn():
    assert drawn((0, 0.0), (1, 0.4)) == [None, 0.4]
