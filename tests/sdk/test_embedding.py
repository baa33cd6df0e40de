"""Facts about vectors are those that the console computes, whatever form the vectors come in."""

import base64
import contextlib
import math
import os
import struct
import subprocess
import sys
import warnings
from array import array
from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onwatch_sdk as onwatch
from onwatch_sdk import embedding
from telemetry.embedding_facts import embedding_facts
from tests.console import ROOT

NUMBERS = st.floats(allow_nan=True, allow_infinity=True, width=64)
VECTORS = st.lists(st.lists(NUMBERS | st.integers(-100, 100), max_size=40), max_size=8)


#: How numpy is found by the SDK: loaded, not loaded, or impossible to load.
LOADED, MISSING, BROKEN = "loaded", "missing", "broken"


@contextlib.contextmanager
def numpy_is(state: str) -> Iterator[None]:
    loaded = sys.modules["numpy"]
    if state == MISSING:
        del sys.modules["numpy"]
    elif state == BROKEN:
        # An import of what is None here fails.
        sys.modules["numpy"] = None
    try:
        yield
    finally:
        sys.modules["numpy"] = loaded


def check(vectors, found):
    expected = embedding_facts(vectors)
    if expected is None:
        assert "embedding.norm" not in found
        assert "embedding.projection" not in found
        return
    assert found["embedding.num_inputs"] == expected.count
    assert found["embedding.dimensions"] == found["gen_ai.embeddings.dimension.count"] == expected.dimensions
    assert found["embedding.norm"] == pytest.approx(expected.norm, rel=1e-9)
    # Sums of numbers that nearly cancel differ in their last digits by the order of adding.
    size = max((abs(number) for vector in vectors for number in vector), default=0)
    close = pytest.approx(expected.projection, rel=1e-9, abs=1e-12 + size * 1e-12)
    assert found["embedding.projection"] == close


@pytest.mark.parametrize("state", [LOADED, MISSING, BROKEN])
@settings(deadline=None, max_examples=200)
@given(vectors=VECTORS)
def test_lists_are_projected_as_the_console_does(state, vectors):
    with numpy_is(state):
        found = embedding.facts(vectors)
    if ("embedding.norm" in found) is (embedding_facts(vectors) is not None):
        check(vectors, found)
    else:
        # Near the largest number, whether a sum exceeds it depends on how it is added up.
        largest = max(abs(number) for vector in vectors for number in vector)
        assert largest > 1e150 or largest == pytest.approx(embedding.LARGEST, rel=1e-6)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 6),
    st.integers(1, 200),
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_arrays_are_projected_as_the_console_does(count, dimensions, seed, dtype):
    matrix = np.random.default_rng(seed).normal(size=(count, dimensions)).astype(dtype)
    vectors = matrix.astype(np.float64).tolist()
    check(vectors, embedding.facts(embedding.vectors_in(matrix)))
    check(vectors, embedding.facts(embedding.vectors_in(list(matrix))))
    check(vectors[:1], embedding.facts(embedding.vectors_in(matrix[0])))


@pytest.mark.parametrize("dimensions", [1, 2, 384, 1536, 3072])
def test_a_list_is_projected_to_the_last_digit_where_numpy_is_loaded(dimensions):
    vector = np.random.default_rng(dimensions).normal(size=dimensions).tolist()
    assert embedding.facts([vector])["embedding.projection"] == embedding_facts([vector]).projection


@pytest.mark.parametrize("state", [LOADED, MISSING])
def test_lists_hold_numbers_of_any_sort(state):
    numbers = [1, True, Fraction(1, 2), np.float32(0.25), -3.5]
    forms = [numbers, tuple(numbers), array("d", map(float, numbers)), list(map(float, numbers))]
    with numpy_is(state):
        found = [embedding.facts([form]) for form in forms] + [embedding.facts(forms)]
    for said in found[1:]:
        assert {**said, "embedding.num_inputs": 1} == found[0]
    check([list(map(float, numbers))], found[0])


@pytest.mark.parametrize("state", [LOADED, MISSING])
@pytest.mark.parametrize("worst", [math.inf, -math.inf, math.nan, 1.5e308, 10**400, "1", None])
def test_what_cannot_be_added_up_is_left_out_quietly(state, worst):
    with numpy_is(state), warnings.catch_warnings(action="error"):
        for vectors in ([[1.0, worst, worst, worst]], [[1.0, 2.0, 3.0, 4.0], [1.0, worst, worst, worst]]):
            found = embedding.facts(vectors)
            assert (found["embedding.num_inputs"], found["embedding.dimensions"]) == (len(vectors), 4)
            assert "embedding.norm" not in found
            assert "embedding.projection" not in found


def test_arrays_beyond_all_numbers_warn_nobody():
    with warnings.catch_warnings(action="error"):
        for worst in (np.inf, -np.inf, np.nan, 1e308):
            array_of_it = np.full((3, 4), worst)
            assert "embedding.norm" not in embedding.facts(embedding.vectors_in(array_of_it))
            assert "embedding.norm" not in embedding.facts(embedding.vectors_in(array_of_it[0]))


WHILE_NUMPY_LOADS = """
import sys, threading
from onwatch_sdk import embedding

def load():
    import numpy

loading = threading.Thread(target=load)
assert "numpy" not in sys.modules
loading.start()
found = [embedding.facts([[3.0, 4.0]])]
while loading.is_alive():
    found.append(embedding.facts([[3.0, 4.0]]))
assert "numpy" in sys.modules
assert {facts.get("embedding.norm") for facts in found} == {5.0}, found
"""


def test_a_call_while_another_thread_loads_numpy():
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "sdk")}
    done = subprocess.run(
        [sys.executable, "-c", WHILE_NUMPY_LOADS], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_large_calls_are_sampled_and_say_so():
    vectors = [[float(number), 1.0] for number in range(1000)]
    found = embedding.facts(vectors)
    assert (found["embedding.num_inputs"], found["embedding.sampled"]) == (1000, 64)
    assert found["embedding.norm"] == pytest.approx(embedding_facts(vectors).norm, rel=0.02)


VECTOR = [0.5, -1.5, 2.0]
PACKED = base64.b64encode(struct.pack("<3f", *VECTOR)).decode()
RESPONSE = {"data": [{"embedding": VECTOR}, {"embedding": VECTOR}], "model": "m", "usage": {"prompt_tokens": 8}}


@pytest.mark.parametrize(
    ("result", "count"),
    [
        (VECTOR, 1),
        ((*VECTOR,), 1),
        ([VECTOR, VECTOR], 2),
        (np.array(VECTOR), 1),
        (np.array([VECTOR, VECTOR], dtype=np.float32), 2),
        ([np.array(VECTOR)], 1),
        (RESPONSE, 2),
        (SimpleNamespace(data=[SimpleNamespace(embedding=VECTOR)], model="m"), 1),
        ({"data": [{"embedding": PACKED}]}, 1),
        ({"embeddings": [VECTOR, VECTOR]}, 2),
        ({"embedding": VECTOR}, 1),
        (SimpleNamespace(embeddings=[SimpleNamespace(values=VECTOR)]), 1),
        (SimpleNamespace(tolist=lambda: [VECTOR]), 1),
    ],
)
def test_forms_of_results(result, count, spans):
    @onwatch.trace_embedding(model="text-embedding-3-small")
    def embed(texts):
        return result

    assert embed(["a"]) is result
    said = spans.said()
    assert said["embedding.num_inputs"] == count
    assert said["embedding.dimensions"] == 3
    assert said["embedding.norm"] == pytest.approx(embedding_facts([VECTOR]).norm)
    assert list(said["embedding.projection"]) == pytest.approx(embedding_facts([VECTOR]).projection)
    assert said["embedding.model"] == said["gen_ai.request.model"] == "text-embedding-3-small"
    assert "output.value" not in said


@pytest.mark.parametrize(
    "result", [None, [], "text", {}, [[]], [None], [["a", "b"]], object(), {"data": None}, 3, np.zeros((2, 2, 2))]
)
def test_results_without_vectors(result, spans):
    @onwatch.trace_embedding
    def embed(text):
        return result

    assert embed("a") is result
    assert "embedding.norm" not in spans.said()


@pytest.mark.parametrize("state", [LOADED, MISSING])
@pytest.mark.parametrize("form", [list, np.array])
def test_facts_are_those_of_the_vector_as_it_was_returned(state, form, spans):
    @onwatch.trace_embedding
    def embed(text):
        return form(VECTOR)

    with numpy_is(state):
        vector = embed("a")
    vector[:] = [0.0, 0.0, 0.0]
    assert spans.said()["embedding.norm"] == pytest.approx(embedding_facts([VECTOR]).norm)


def test_tokens_of_a_response(spans):
    @onwatch.trace_embedding
    def embed(texts, model="text-embedding-3-small"):
        return RESPONSE

    embed(["a", "b"])
    said = spans.said()
    assert (said["llm.tokens.input"], said["gen_ai.response.model"]) == (8, "m")
    assert (said["embedding.model"], said["input.value"]) == ("text-embedding-3-small", '["a", "b"]')
