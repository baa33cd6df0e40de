"""The named fuzz targets: their seeds are good, a short run finds nothing, and neither do values of any JSON type."""

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.fuzz import BOUNDARY, TARGETS, run_plain, timed

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**400, "2026-01-01", "9999-12-31T23:59:59Z", -1, 2**63, "1" * 70]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
BY_JSON = [name for name in TARGETS if name.startswith(("langsmith_j", "langsmith_f", "rest_"))]


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_good_and_a_short_run_finds_nothing(name, tmp_path):
    target = TARGETS[name]
    for data in target.seeds():
        timed(target, data)
    assert run_plain(target, seconds=0.2, seed=1, folder=tmp_path) > 3


def places(value, path=()):
    """Every place inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value, path, by):
    if not path:
        return by
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], by)
    return value


@pytest.mark.parametrize("name", BY_JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_value_of_any_type_at_any_place(name, data):
    good = json.loads(TARGETS[name].seeds()[0])
    bad = replaced(good, data.draw(st.sampled_from(list(places(good)))), data.draw(JSON))
    timed(TARGETS[name], json.dumps(bad).encode(errors="surrogatepass"))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 40))
def test_a_damaged_multipart_body(noise, at, lost):
    target = TARGETS["langsmith_multipart"]
    (good,) = target.seeds()
    assert BOUNDARY.encode() in good
    timed(target, good[:at] + noise + good[at + lost :])
