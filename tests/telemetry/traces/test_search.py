"""From the address to the filters and back."""

import pytest

from telemetry.search import PARAMETERS, BadSearch, Search


def test_it_reads_every_parameter_and_writes_it_again():
    asked = {
        "model": "gpt-4o", "user_id": "ann", "q": "refund", "score": "overall", "score_below": "0.5",
        "topic": "billing", "min_ms": "100", "max_ms": "2500.5", "calls": "1", "failed": "1", "unpriced": "1",
    }  # fmt: skip
    assert Search.from_query(asked).query() == asked


def test_an_empty_filter_asks_for_what_has_none_and_an_empty_text_for_nothing():
    search = Search.from_query({"feature": "", "topic": "", "q": "  ", "score": "", "min_ms": "", "calls": "0"})
    assert search.query() == {"feature": "", "topic": ""}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"min_ms": "soon"}, "min_ms: 'soon' is not a number"),
        ({"max_ms": "inf"}, "max_ms: 'inf' is not a finite number"),
        ({"calls": "maybe"}, "calls: 'maybe' is neither 1 nor 0"),
        ({"score_below": "0.5"}, "score_below: needs the name of a score"),
        ({"q": "x" * 501}, "q: longer than 500 characters"),
    ],
)
def test_what_cannot_be_read_is_named(query, said):
    with pytest.raises(BadSearch, match=said) as raised:
        Search.from_query(query)
    assert raised.value.field == next(iter(query))


def test_values_travel_as_parameters_alone():
    evil = "'; DROP TABLE spans --"
    where, values = Search.from_query(dict.fromkeys((*PARAMETERS[:15], "q", "score", "topic"), evil)).sql()
    assert "DROP" not in where
    assert evil in values.values()
