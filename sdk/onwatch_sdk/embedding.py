"""What is sent of embedding vectors: their number, length, mean norm and a fixed small projection, never themselves."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

PROJECTED = 16


@functools.lru_cache(maxsize=8)
def _places_and_signs(dimensions: int) -> tuple[tuple[int, float], ...]:
    """Murmur3's finaliser over the component's number: the top four bits are the place, the next is the sign."""
    found = []
    for mixed in range(1, dimensions + 1):
        mixed ^= mixed >> 16
        mixed = mixed * 0x85EBCA6B & 0xFFFFFFFF
        mixed ^= mixed >> 13
        mixed = mixed * 0xC2B2AE35 & 0xFFFFFFFF
        mixed ^= mixed >> 16
        found.append((mixed >> 28, 1.0 if mixed >> 27 & 1 else -1.0))
    return tuple(found)


def facts(vectors: Sequence[Sequence[float]]) -> dict[str, int | float | list[float]]:
    """Attributes for the vectors of one call; empty when there is nothing to say."""
    usable = [vector for vector in vectors if len(vector) and len(vector) == len(vectors[0])]
    if not usable:
        return {}
    dimensions = len(usable[0])
    mean = [math.fsum(column) / len(usable) for column in zip(*usable, strict=True)] if len(usable) > 1 else usable[0]
    projection = [0.0] * PROJECTED
    for component, (place, sign) in zip(mean, _places_and_signs(dimensions), strict=True):
        projection[place] += component * sign
    return {
        "embedding.num_inputs": len(vectors),
        "embedding.dimensions": dimensions,
        "gen_ai.embeddings.dimension.count": dimensions,
        "embedding.norm": sum(math.sqrt(math.fsum(x * x for x in vector)) for vector in usable) / len(usable),
        "embedding.projection": projection,
    }


def vectors_in(result: object) -> list[Sequence[float]]:
    """The vectors in what an embedding function returned: a vector, a list of them, or an API response."""
    data = getattr(result, "data", None)
    if data is None and isinstance(result, dict):
        data = result.get("data")
    if data is not None:
        return [getattr(row, "embedding", None) or row["embedding"] for row in data]
    if hasattr(result, "tolist"):
        result = result.tolist()
    if isinstance(result, (list, tuple)) and result:
        return list(result) if isinstance(result[0], (list, tuple)) or hasattr(result[0], "__len__") else [result]
    return []
