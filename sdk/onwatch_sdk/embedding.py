"""What is sent of embedding vectors: their number, length, mean norm and a fixed small projection, never themselves.

The projection adds every component of the mean vector, with a fixed sign, to one of sixteen sums. It is the console's
own; drift is the distance between the sums of two days. Vectors become text again with little effort, sums do not.
"""

from __future__ import annotations

import base64
import functools
import math
import struct
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import ModuleType
from typing import Any

from onwatch_sdk.responses import read

PROJECTED = 16
MAX_DIMENSIONS = 65_536
#: Of a call with more vectors, so many are looked at, evenly spread: 30 µs each without numpy.
MAX_VECTORS = 64

#: The console keeps sums as floats of 32 bits.
LARGEST = (2 - 2.0**-23) * 2.0**127

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
    is no finite number or a sum is too large; everything is, when there is no usable vector.
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
        norm, projection = _mean(_figures(usable))
    except (TypeError, ValueError, OverflowError, struct.error):
        return found
    if math.isfinite(norm) and all(map(LARGEST.__ge__, map(abs, projection))):
        found["embedding.norm"] = norm
        found["embedding.projection"] = projection
    return found


def _sample(vectors: Sequence[Any]) -> list[Any]:
    if len(vectors) <= MAX_VECTORS:
        return list(vectors)
    return [vectors[place * len(vectors) // MAX_VECTORS] for place in range(MAX_VECTORS)]


def _figures(vectors: list[Any]) -> list[tuple[float, list[float]]]:
    """The length of each vector, and its sums."""
    if (numpy := _numpy()) is not None:
        return [_by_numpy(numpy, vector) for vector in vectors]
    return [_by_hand(vector if vector.__class__ in (list, tuple, array) else list(vector)) for vector in vectors]


def _mean(figures: list[tuple[float, list[float]]]) -> tuple[float, list[float]]:
    """Projecting is linear, so that the mean of the projections is the projection of the mean."""
    if len(figures) == 1:
        return figures[0]
    norms, projections = zip(*figures, strict=True)
    columns = zip(*projections, strict=True)
    return math.fsum(norms) / len(figures), [math.fsum(column) / len(figures) for column in columns]


def _by_hand(vector: Vector) -> tuple[float, list[float]]:
    pickers = _pickers(len(vector))
    return math.hypot(*vector), [float(sum(plus(vector)) - sum(minus(vector))) for plus, minus in pickers]


def _numpy() -> ModuleType | None:
    """Where the application has it anyway: to load it takes a tenth of a second."""
    if "numpy" not in sys.modules:
        return None
    try:
        # Waits for a thread that is still loading it.
        import numpy
    except ImportError:
        return None
    return numpy


@functools.lru_cache(maxsize=8)
def _tables(dimensions: int) -> tuple[Callable[..., bytes], Any, Any]:
    """What packs a list of so many numbers, and the place and the sign of each."""
    numpy = sys.modules["numpy"]
    mixed = [_hash(component + 1) for component in range(dimensions)]
    places = numpy.array([number >> 28 for number in mixed], numpy.intp)
    signs = numpy.array([1.0 if number >> 27 & 1 else -1.0 for number in mixed])
    return struct.Struct(f"{dimensions}d").pack, places, signs


def _by_numpy(numpy: Any, vector: Any) -> tuple[float, list[float]]:
    pack, places, signs = _tables(len(vector))
    if vector.__class__ in (list, tuple):
        # A quarter of the time that numpy takes to read it.
        vector = numpy.frombuffer(pack(*vector))
    else:
        vector = numpy.asarray(vector, numpy.float64)
    # Unlike numpy's other products, this one overflows without a warning.
    norm = math.sqrt(numpy.vdot(vector, vector))
    if not math.isfinite(norm):
        raise ValueError("a component is no finite number, or too large")
    return norm, numpy.bincount(places, vector * signs, PROJECTED).tolist()


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
