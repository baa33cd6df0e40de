"""What is sent of embedding vectors: their number, length, mean norm and a fixed small projection, never themselves.

The projection adds every component of the mean vector, with a fixed sign, to one of sixteen sums. It is the console's
own; drift is the distance between the sums of two days. Vectors become text again with little effort, sums do not.
"""

from __future__ import annotations

import base64
import functools
import math
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from onwatch_sdk.responses import read

PROJECTED = 16
MAX_DIMENSIONS = 65_536
#: Of a call with more vectors, so many are looked at, evenly spread: 30 µs each without numpy.
MAX_VECTORS = 64

Vector = Sequence[float]
_Pick = Callable[[Vector], tuple[float, ...]]


def _hash(number: int) -> int:
    """Murmur3's finaliser over the component's number: the top four bits are the place, the next is the sign."""
    number ^= number >> 16
    number = number * 0x85EBCA6B & 0xFFFFFFFF
    number ^= number >> 13
    number = number * 0xC2B2AE35 & 0xFFFFFFFF
    return number ^ number >> 16


def _picker(places: list[int]) -> _Pick:
    if not places:
        return lambda vector: ()
    if len(places) == 1:
        return lambda vector: (vector[places[0]],)
    return itemgetter(*places)


@functools.lru_cache(maxsize=8)
def _pickers(dimensions: int) -> tuple[tuple[_Pick, _Pick], ...]:
    """For each of the sums, what picks the components that are added and those that are subtracted."""
    chosen: list[tuple[list[int], list[int]]] = [([], []) for _ in range(PROJECTED)]
    for component in range(dimensions):
        mixed = _hash(component + 1)
        chosen[mixed >> 28][0 if mixed >> 27 & 1 else 1].append(component)
    return tuple((_picker(plus), _picker(minus)) for plus, minus in chosen)


def facts(vectors: Sequence[Any]) -> dict[str, Any]:
    """Attributes for the vectors of one call, each a list of numbers or a numpy array.

    Vectors of another length than the first usable one are left out. Norm and projection are missing when a component
    is no finite number; everything is, when there is no usable vector.
    """
    usable = [vector for vector in _sample(vectors) if 0 < len(vector) <= MAX_DIMENSIONS]
    usable = [vector for vector in usable if len(vector) == len(usable[0])]
    if not usable:
        return {}
    dimensions = len(usable[0])
    found: dict[str, Any] = {
        "embedding.num_inputs": len(vectors),
        "embedding.dimensions": dimensions,
        "gen_ai.embeddings.dimension.count": dimensions,
    }
    if len(vectors) > MAX_VECTORS:
        found["embedding.sampled"] = len(usable)
    try:
        norm, projection = _array_figures(usable) if _are_arrays(usable) else _list_figures(usable)
    except (TypeError, ValueError, OverflowError):
        return found
    if math.isfinite(norm) and all(map(math.isfinite, projection)):
        found["embedding.norm"] = norm
        found["embedding.projection"] = projection
    return found


def _sample(vectors: Sequence[Any]) -> list[Any]:
    if len(vectors) <= MAX_VECTORS:
        return list(vectors)
    return [vectors[place * len(vectors) // MAX_VECTORS] for place in range(MAX_VECTORS)]


def _list_figures(vectors: list[Vector]) -> tuple[float, list[float]]:
    """Projecting is linear, so that the mean of the projections is the projection of the mean."""
    vectors = [vector if vector.__class__ in (list, tuple, array) else list(vector) for vector in vectors]
    pickers = _pickers(len(vectors[0]))
    norm = math.fsum(math.hypot(*vector) for vector in vectors) / len(vectors)
    sums = [[sum(plus(vector)) - sum(minus(vector)) for plus, minus in pickers] for vector in vectors]
    if len(sums) == 1:
        return norm, list(map(float, sums[0]))
    return norm, [float(math.fsum(column) / len(vectors)) for column in zip(*sums, strict=True)]


def _are_arrays(vectors: list[Any]) -> bool:
    return all(type(vector).__module__ == "numpy" and hasattr(vector, "dtype") for vector in vectors)


@functools.lru_cache(maxsize=4)
def _signs(dimensions: int) -> Any:
    """A row for each of the sums: 1 where a component is added, -1 where it is subtracted, 0 elsewhere."""
    signs = sys.modules["numpy"].zeros((PROJECTED, dimensions))
    for component in range(dimensions):
        mixed = _hash(component + 1)
        signs[mixed >> 28, component] = 1.0 if mixed >> 27 & 1 else -1.0
    return signs


def _array_figures(vectors: list[Any]) -> tuple[float, list[float]]:
    """The same by whoever brought numpy along."""
    numpy = sys.modules["numpy"]
    with numpy.errstate(over="ignore", invalid="ignore"):
        matrix = numpy.asarray(vectors, dtype=numpy.float64)
        mean = matrix[0] if len(matrix) == 1 else matrix.mean(axis=0)
        return float(numpy.sqrt((matrix * matrix).sum(axis=1)).mean()), (_signs(len(mean)) @ mean).tolist()


def vectors_in(result: Any) -> Sequence[Any]:
    """The vectors in what an embedding function returned: one, several, an array, a tensor, or a client's response."""
    if result is None or isinstance(result, (str, bytes)):
        return ()
    if isinstance(result, (list, tuple)):
        return _several(result)
    if type(result).__module__ == "numpy":
        return [result] if result.ndim == 1 else list(result) if result.ndim == 2 else ()
    for name in ("data", "embeddings", "embedding", "values"):
        # A mapping's own ``values`` and an object's methods are no vectors.
        inner = read(result, name)
        if isinstance(inner, (list, tuple)) or type(inner).__module__ == "numpy":
            return vectors_in(inner)
    if not isinstance(result, Mapping) and callable(as_list := getattr(result, "tolist", None)):
        return vectors_in(as_list())
    return ()


def _several(result: Sequence[Any]) -> Sequence[Any]:
    if not result:
        return ()
    if isinstance(result[0], (int, float)):
        return (result,)
    return [vector for entry in result if len(vector := _vector(entry))]


def _vector(entry: Any) -> Any:
    """One entry's numbers: itself, or the ``embedding`` or ``values`` of a response's row."""
    if not isinstance(entry, (list, tuple)) and type(entry).__module__ != "numpy":
        inner = read(entry, "embedding")
        entry = inner if inner is not None else read(entry, "values")
    if isinstance(entry, str):
        # OpenAI's ``encoding_format="base64"``: little-endian 32-bit floats.
        numbers = array("f", base64.b64decode(entry))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers
    return entry if isinstance(entry, (list, tuple, array)) or type(entry).__module__ == "numpy" else ()
