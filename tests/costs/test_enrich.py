"""What a span costs when it comes in: reported, own price, price book, or not known."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Project
from costs import enrich
from costs.models import Price
from telemetry.span import Span

EMBEDDING = {"kind": "embedding", "model": "text-embedding-3-small", "cached_tokens": 0, "output_tokens": 0}
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def prices(db):
    enrich.forget()
    yield enrich
    enrich.forget()


def make_call(**changes):
    values = {
        "project_id": 0, "trace_id": "a" * 32, "span_id": "b" * 16, "kind": "llm", "start_time": NOON,
        "provider": "openai", "model": "gpt-4o-mini", "input_tokens": 120, "cached_tokens": 64, "output_tokens": 30,
    } | changes  # fmt: skip
    return Span(**values)


def priced(**changes):
    span = make_call(**changes)
    enrich.price([span])
    return span.cost_nano, span.cost_source


def make_price(**changes):
    values = {"model": "gpt-4o-mini", "input_price": Decimal(10), "output_price": Decimal(20)} | changes
    row = Price.objects.create(**values)
    enrich.forget()
    return row


@pytest.mark.parametrize(
    ("changes", "cost", "source"),
    [
        ({}, 31_200, "price_book"),
        ({"response_model": "gpt-4o-mini-2024-07-18"}, 31_200, "price_book"),
        ({"response_model": "who-knows"}, 31_200, "price_book"),
        ({"model": "gpt-4o", "response_model": "gpt-4o-mini"}, 31_200, "price_book"),
        (EMBEDDING, 2_400, "price_book"),
        ({"cost_nano": 77, "cost_source": "reported"}, 77, "reported"),
        ({"cost_nano": 0, "cost_source": "reported"}, 31_200, "price_book"),
        ({"model": "who-knows"}, 0, ""),
        ({"model": "who-knows", "cost_nano": 0, "cost_source": "reported"}, 0, ""),
        ({"cached_tokens": 500}, 0, ""),
        # An answer without token counts cost something, nobody knows what; a call that failed was not billed.
        ({"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0}, 0, ""),
        ({"input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "status": "error"}, 0, "price_book"),
        # Agents repeat what their calls cost.
        ({"kind": "agent"}, 0, ""),
        ({"kind": "agent", "cost_nano": 77, "cost_source": "reported"}, 0, ""),
    ],
)  # fmt: skip
def test_it_prices_a_call(changes, cost, source):
    assert priced(**changes) == (cost, source)


def test_own_prices_come_before_the_book():
    make_price(cached_price=Decimal(1))
    assert priced() == (56 * 10_000 + 64 * 1_000 + 30 * 20_000, "override")


def test_an_own_price_for_the_asked_model_holds_when_the_served_one_has_a_longer_name():
    make_price()
    assert priced(response_model="gpt-4o-mini-2024-07-18")[1] == "override"


def test_the_most_particular_own_price_holds():
    project = Project.objects.create(slug="shop", name="Shop")
    make_price(model="gpt-*", input_price=1, output_price=0)
    make_price(model="gpt-4o*", input_price=2, output_price=0)
    make_price(model="gpt-4o-mini", input_price=3, output_price=0)
    make_price(model="gpt-4o-mini", provider="azure.ai.openai", input_price=4, output_price=0)
    make_price(model="gpt-4o-mini", service_tier="flex", input_price=5, output_price=0)
    make_price(model="gpt-4o-mini", valid_from=date(2026, 11, 20), input_price=6, output_price=0)
    make_price(model="gpt-4o-mini", valid_from=date(2026, 11, 21), input_price=7, output_price=0)
    make_price(model="*", project=project, input_price=8, output_price=0)
    one = {"input_tokens": 1, "cached_tokens": 0, "output_tokens": 0}

    assert priced(**one, model="gpt-5") == (1_000, "override")
    assert priced(**one, model="gpt-4o") == (2_000, "override")
    assert priced(**one, start_time=datetime(2026, 11, 19, 23, 59, tzinfo=UTC)) == (3_000, "override")
    assert priced(**one) == (6_000, "override")
    assert priced(**one, start_time=datetime(2026, 11, 21, tzinfo=UTC)) == (7_000, "override")
    assert priced(**one, provider="azure") == (4_000, "override")
    assert priced(**one, service_tier="flex") == (5_000, "override")
    assert priced(**one, project_id=project.pk) == (8_000, "override")


def test_long_input_can_have_a_price_of_its_own():
    make_price(input_price=1)
    make_price(input_price=2, above_input_tokens=1000)
    short, long = {"input_tokens": 1000}, {"input_tokens": 1001}
    assert priced(**short, cached_tokens=0, output_tokens=0)[0] == 1_000_000
    assert priced(**long, cached_tokens=0, output_tokens=0)[0] == 2_002_000


def test_dots_in_a_pattern_are_dots():
    make_price(model="gpt.4o*")
    assert priced()[1] == "price_book"


def test_a_changed_price_holds_after_the_refresh(monkeypatch):
    assert priced()[1] == "price_book"
    row = Price.objects.create(model="gpt-4o-mini", input_price=1, output_price=0)
    assert priced()[1] == "price_book"
    monkeypatch.setattr(enrich, "REFRESH_SECONDS", 0.0)
    enrich.forget()
    assert priced()[1] == "override"
    row.delete()
    assert priced()[1] == "price_book"


def test_a_price_by_the_hour_of_the_day():
    night = priced(provider="deepseek", model="deepseek-chat", start_time=datetime(2025, 7, 1, 17, 0, tzinfo=UTC))
    day = priced(provider="deepseek", model="deepseek-chat", start_time=datetime(2025, 7, 1, 12, 0, tzinfo=UTC))
    assert night[0] < day[0]


def test_it_takes_two_microseconds_a_span_at_most():
    spans = [make_call() for _ in range(5_000)]
    enrich.price(spans)
    best = min(_seconds(spans) for _ in range(5))
    # Four times the budget, so that a busy machine does not fail the suite.
    assert best / len(spans) < 8e-6


def _seconds(spans):
    begun = time.perf_counter()
    enrich.price(spans)
    return time.perf_counter() - begun
