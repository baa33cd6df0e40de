"""Whether embeddings of now are distributed as they were before: a change of model, of index or of what people ask.

The energy distance between two samples is twice the mean distance across them less the mean distances within each;
it is zero when both come from one distribution. How large it would be by chance is found by dealing the same points
out anew many times. Projections are kept instead of vectors, so small changes are blurred and large ones seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.timerange import TimeRange
from quality.queries import bounds_of
from telemetry import store
from telemetry.filters import Filters

#: Points of each sample; the work grows with their square.
MOST_POINTS = 250
#: Below this many points on either side nothing is said.
LEAST_POINTS = 20
DEALS = 400
#: Chance alone would reach a distance like this in fewer than one of a hundred cases.
SURE = 0.01
#: What a scope's embeddings can be narrowed by.
FILTERS = ("model", "feature", "environment", "release", "service")


class Sample(NamedTuple):
    model: str
    dimensions: int
    calls: int
    points: list[tuple[int, list[float]]]


class Drift(NamedTuple):
    """One embedding model, now against before."""

    model: str
    dimensions: int
    now: int
    before: int
    #: Energy distance as a share of the mean distance across the samples, 0 to 1; None with too few points.
    distance: float | None = None
    #: How often chance alone reaches it.
    p: float | None = None

    @property
    def has_drifted(self) -> bool:
        return self.p is not None and self.p < SURE


def compare(now: np.ndarray, before: np.ndarray, *, seed: int = 1) -> tuple[float, float]:
    """Energy distance as a share of the distance across, and how often chance reaches it. Deterministic."""
    points = np.concatenate((now, before))
    squares = (points * points).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0.0))
    count = len(now)
    chance = np.random.default_rng(seed)
    is_now = np.zeros(len(points))
    is_now[:count] = 1.0
    deals = np.array([is_now, *(chance.permutation(is_now) for _ in range(DEALS))])
    across, energy = _energies(distances, deals)
    reached = int((energy[1:] >= energy[0] - 1e-12).sum())
    share = float(energy[0] / (2 * across[0])) if across[0] > 0 else 0.0
    return max(0.0, share), (reached + 1) / (DEALS + 1)


def _energies(distances: np.ndarray, deals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean distance across and energy distance for each deal (a row of ones for "now" and zeros for "before")."""
    rest = 1.0 - deals
    size, other = deals.sum(axis=1), rest.sum(axis=1)
    to_now = deals @ distances
    within = (to_now * deals).sum(axis=1) / (size * size)
    across = (to_now * rest).sum(axis=1) / (size * other)
    within_other = ((rest @ distances) * rest).sum(axis=1) / (other * other)
    return across, 2 * across - within - within_other


def _samples(project_id: int, span: TimeRange, filters: Filters) -> list[Sample]:
    where, values = filters.only(FILTERS).sql()
    bounds = bounds_of(span)
    return store.rows(
        Sample, "quality/projections", where=where, project=project_id, most=MOST_POINTS, **bounds, **values
    )


def drifts(project_id: int, span: TimeRange, before: TimeRange, filters: Filters) -> list[Drift]:
    """Each embedding model of the range against the same one before, the busiest first. Raises StoreUnavailable."""
    samples = _samples(project_id, span, filters)
    earlier = {
        (sample.model, sample.dimensions): sample
        for sample in (_samples(project_id, before, filters) if samples else [])
    }
    found = []
    for sample in samples:
        known = earlier.get((sample.model, sample.dimensions))
        drift = Drift(sample.model, sample.dimensions, sample.calls, known.calls if known else 0)
        if known and min(len(sample.points), len(known.points)) >= LEAST_POINTS:
            now_points, before_points = _points(sample), _points(known)
            if now_points.ndim == before_points.ndim == 2 and now_points.shape[1] == before_points.shape[1]:
                distance, p = compare(now_points, before_points)
                drift = drift._replace(distance=distance, p=p)
        found.append(drift)
    return found


def _points(sample: Sample) -> np.ndarray:
    """Those of the usual length: a sender may have projected otherwise for a while."""
    lengths = [len(point) for _, point in sample.points]
    usual = max(set(lengths), key=lengths.count)
    return np.array([point for _, point in sample.points if len(point) == usual], dtype=np.float64)
