"""Whether embeddings changed, and not merely differ."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from core.timerange import TimeRange
from quality import drift
from telemetry import commit
from telemetry.filters import Filters
from telemetry.span import Span
from tests.people import make_alice


def cloud(count: int, *, seed: int, shift: float = 0.0, width: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, width, (count, 16))


def test_two_samples_of_one_distribution_rarely_drift():
    drifted = sum(drift.compare(cloud(100, seed=n), cloud(120, seed=n + 1000))[1] < drift.SURE for n in range(60))
    assert drifted <= 3


@pytest.mark.parametrize("more", [{"shift": 0.5}, {"width": 1.6}])
def test_another_place_or_width_is_a_drift(more):
    distance, p = drift.compare(cloud(100, seed=1, **more), cloud(100, seed=2))
    assert p < drift.SURE and distance > 0.01


def test_the_energy_distance_is_the_textbooks():
    # Points 0 and 2 against 1 and 5: across (1+5+1+3)/4 = 2.5, within 1 and 2: 2 x 2.5 - 1 - 2 = 2 of 5.
    distance, _ = drift.compare(np.array([[0.0], [2.0]]), np.array([[1.0], [5.0]]))
    assert distance == pytest.approx(0.4)


def test_equal_points_do_not_drift():
    assert drift.compare(np.ones((30, 4)), np.ones((30, 4))) == (0.0, 1.0)


def embed(project, points, at, **more) -> None:
    given = {"kind": "embedding", "model": "embed-small", "embedding_dimensions": 1536} | more
    commit.store_spans(
        [
            Span(project.pk, f"{at:%d%H%M}{number:026x}", f"{number:016x}", start_time=at,
                 embedding_projection=list(map(float, point)), **given)
            for number, point in enumerate(points)
        ]
    )  # fmt: skip


def test_it_compares_each_model_with_itself(judged_project, client):
    now = datetime.now(UTC) - timedelta(minutes=5)
    before = now - timedelta(days=1)
    embed(judged_project, cloud(60, seed=1, shift=2.0), now)
    embed(judged_project, cloud(60, seed=2), before)
    embed(judged_project, cloud(40, seed=3), now - timedelta(minutes=1), model="embed-large")
    embed(judged_project, cloud(40, seed=4), before - timedelta(minutes=1), model="embed-large")
    embed(judged_project, cloud(5, seed=5), now - timedelta(minutes=2), model="embed-new")
    span = TimeRange(now - timedelta(hours=1), now + timedelta(minutes=1))
    found = drift.drifts(judged_project.pk, span, span.shifted(timedelta(days=1)), Filters())
    assert [(each.model, each.now, each.before, each.has_drifted) for each in found] == [
        ("embed-small", 60, 60, True),
        ("embed-large", 40, 40, False),
        ("embed-new", 5, 0, False),
    ]
    client.force_login(make_alice(judged_project))
    page = client.get("/quality/").content.decode()
    assert "drifted" in page and "as before" in page and "not enough evidence yet" in page
