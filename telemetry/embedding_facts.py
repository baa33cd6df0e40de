"""What is kept of embedding vectors: how many, how long, their mean norm, and a small projection of their mean.

The projection adds every component, with a fixed random sign, to one of a few sums (a count sketch: Charikar, Chen and
Farach-Colton, 2002), so distances between days survive on average, which is what drift needs, while the vector, which
can be turned back into text, does not. Sign and place come from integer arithmetic alone, so that clients in any
language project alike; the SDK does.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PROJECTED = 16
MAX_DIMENSIONS = 65_536
#: The column has floats of 32 bits.
LARGEST_PROJECTED = float(np.finfo(np.float32).max)


class EmbeddingFacts(NamedTuple):
    count: int
    dimensions: int
    #: Mean Euclidean length of the vectors.
    norm: float
    #: ``PROJECTED`` numbers.
    projection: list[float]


@functools.lru_cache(maxsize=16)
def _places_and_signs(dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Murmur3's finaliser over the component's number: the top four bits are the place, the next is the sign."""
    mixed = np.arange(1, dimensions + 1, dtype=np.uint32)
    mixed ^= mixed >> np.uint32(16)
    mixed *= np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed *= np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    return (mixed >> np.uint32(28)).astype(np.intp), np.where(mixed >> np.uint32(27) & np.uint32(1), 1.0, -1.0)


def project(vector: np.ndarray) -> np.ndarray:
    """``PROJECTED`` numbers for one vector."""
    places, signs = _places_and_signs(len(vector))
    return np.bincount(places, weights=vector * signs, minlength=PROJECTED)


def embedding_facts(vectors: Sequence[Sequence[float]]) -> EmbeddingFacts | None:
    """Facts about the vectors of one call; ``None`` when none is in bounds, of one length and not too long."""
    usable = [vector for vector in vectors if 0 < len(vector) <= MAX_DIMENSIONS]
    usable = [vector for vector in usable if len(vector) == len(usable[0])]
    if not usable:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = np.asarray(usable, dtype=np.float64)
        mean = matrix.mean(axis=0)
        norm = float(np.linalg.norm(matrix, axis=1).mean())
        projection = project(mean)
    if not (np.isfinite(norm) and (np.abs(projection) <= LARGEST_PROJECTED).all()):
        return None
    return EmbeddingFacts(len(vectors), matrix.shape[1], norm, projection.tolist())
