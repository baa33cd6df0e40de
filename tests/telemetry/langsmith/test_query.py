"""Bodies of queries: what is not understood or not supported is refused by name, before anything is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from telemetry.langsmith.filter_sql import Conditions
from telemetry.langsmith.filter_text import BadFilter, parse
from telemetry.langsmith.query import BadQuery, first_version


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"filter": 'eq(colour, "red")'}, "filter: eq(colour, \"red\"): the field 'colour' is not supported"),
        ({"filter": "between(latency, 1, 2)"}, "between() is not supported"),
        ({"filter": "eq(name, "}, "filter: ends too early"),
        ({"filter": "name = 1"}, "filter: not understood from character 4"),
        ({"filter": 'eq(name, "x") eq(name, "y")'}, "after the end"),
        ({"filter": '"x"'}, "must be a comparison"),
        ({"filter": "gt(latency, [])"}, "must be a number"),
        ({"filter": "gt(total_cost, 1e400)"}, "must be a number"),
        ({"filter": "eq(colour, 1" + "0" * 40 + ")"}, "the field 'colour' is not supported"),
        ({"filter": 'gt(start_time, "soon")'}, "is no time"),
        ({"filter": "and(" * 40 + 'eq(name, "x")' + ")" * 40}, "nested deeper than"),
        ({"filter": 'eq(metadata_value, "x")'}, "needs its key"),
        ({"query": "slow runs"}, "query: is not supported here"),
        ({"search_filter": "x"}, "search_filter: is not supported here"),
        ({"id": ["x"]}, "id: "),
        ({"limit": -1}, "limit: must be a whole number"),
        ({"order": "random"}, "order: must be asc or desc"),
        ({"cursor": "!"}, "cursor: is none of ours"),
    ],
)
def test_what_is_not_supported_is_named(body, said):
    with pytest.raises(BadQuery) as refused:
        first_version(body)
    assert said in str(refused.value)


@given(some.text(max_size=200))
def test_any_text_is_a_filter_or_refused(text):
    try:
        Conditions().of_text(text)
    except BadFilter:
        return


WORDS = some.sampled_from(
    ["and", "or", "not", "eq", "in", "has", "(", ")", ",", "[", "]", "name", "tags", "null", "true", "1", '"x"', "'"]
)


@given(some.lists(WORDS, max_size=30))
def test_any_row_of_words_is_a_filter_or_refused(words):
    try:
        Conditions().of_text(" ".join(words))
    except BadFilter:
        return


def test_texts_with_quotes_and_escapes():
    assert parse(r'eq(name, "say \"hi\", \u00e9")').arguments[1] == 'say "hi", é'
    assert parse(r"eq(name, 'it\'s')").arguments[1] == "it's"


def test_values_never_become_part_of_the_question():
    conditions = Conditions()
    text = conditions.of_text("""and(eq(name, "'; DROP TABLE spans --"), has(tags, "') OR 1=1"))""")
    assert "DROP" not in text and "1=1" not in text
    assert set(conditions.parameters.values()) == {"'; DROP TABLE spans --", "') OR 1=1"}
