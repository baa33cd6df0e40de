"""The arithmetic of one call, and that it agrees with the library whose prices it compiles."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given, settings
from hypothesis import strategies as st

from core.money import to_nano
from costs import price_book
from costs.pricing import PER_MILLION, Rates, UnitPrices, unit_price

DAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def cost(provider, model, *, input=0, cached=0, write=0, output=0, reasoning=0, tier="", at=DAY):
    found = price_book.lookup(provider, model, tier, at.date())
    if found is None:
        return None
    second = at.hour * 3600 + at.minute * 60
    unit = [prices for start, prices in found if start <= second][-1]
    return unit.cost_nano(input, cached, write, output, reasoning)


def test_it_prices_the_check_value():
    assert cost("openai", "gpt-4o-mini", input=120, cached=64, output=30) == 31_200


def test_an_embedding_without_a_provider_is_priced_as_its_maker_does():
    assert cost("", "text-embedding-3-small", input=8) == cost("openai", "text-embedding-3-small", input=8) == 160


@pytest.mark.parametrize(
    ("usd", "tokens", "nano"),
    [
        ("0.15", 1, 150),
        ("0.0005", 1, 0),  # half a nano-dollar goes to the even neighbour
        ("0.0015", 1, 2),
        ("0.0025", 1, 2),
        ("0.041666666666666664", 3_000_000, 125_000_000),
        ("10", 10**12, 10**7 * 10**9),
    ],
)
def test_it_rounds_once_half_to_even(usd, tokens, nano):
    rate = unit_price(Decimal(usd))
    assert UnitPrices(Rates(rate, rate, rate, 0, 0)).cost_nano(tokens, 0, 0, 0, 0) == nano


def test_it_takes_the_parts_out_of_the_whole():
    prices = UnitPrices(Rates(*(PER_MILLION * each for each in (10, 1, 12, 40, 50))))
    # 50 fresh, 30 cached, 20 written; 60 answered, 40 thought.
    assert prices.cost_nano(100, 30, 20, 100, 40) == (50 * 10 + 30 * 1 + 20 * 12 + 60 * 40 + 40 * 50) * 1000


@pytest.mark.parametrize("counts", [(10, 11, 0, 5, 0), (10, 6, 5, 5, 0), (10, 0, 0, 5, 6)])
def test_contradicting_counts_have_no_cost(counts):
    assert UnitPrices(Rates(1, 1, 1, 1, 1)).cost_nano(*counts) is None


def test_long_input_moves_every_token_to_the_higher_price():
    low, high = Rates(*(PER_MILLION,) * 5), Rates(*(PER_MILLION * 2,) * 5)
    prices = UnitPrices(low, ((200_000, high),))
    assert prices.cost_nano(200_000, 0, 0, 1, 0) == 200_001 * 1000
    assert prices.cost_nano(200_001, 0, 0, 1, 0) == 200_002 * 2000


@pytest.mark.parametrize(
    ("provider", "model", "like_provider", "like_model"),
    [
        ("openai", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("", "openai/gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("_OTHER", "gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("OpenAI", "GPT-4o-mini-2024-07-18", "openai", "gpt-4o-mini"),
        ("openai", "anthropic/claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("litellm", "azure/gpt-4o", "azure", "gpt-4o"),
        ("azure.ai.openai", "gpt-4o", "azure", "gpt-4o"),
        ("az.ai.inference", "gpt-4o", "azure", "gpt-4o"),
        ("x_ai", "grok-4", "x-ai", "grok-4"),
        ("gcp.gen_ai", "models/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("", "gemini/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("", "text-embedding-3-small", "openai", "text-embedding-3-small"),
        ("", "mistral-embed", "mistral", "mistral-embed"),
        ("openrouter", "openai/gpt-4o-mini", "openrouter", "openai/gpt-4o-mini"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0", "aws", "anthropic.claude-sonnet-4-20250514-v1:0"),
    ],
)
def test_it_knows_the_names_that_senders_use(provider, model, like_provider, like_model):
    usage = genai_prices.Usage(input_tokens=1000, output_tokens=100)
    expected = genai_prices.calc_price(usage, like_model, provider_id=like_provider, genai_request_timestamp=DAY)
    assert cost(provider, model, input=1000, output=100) == to_nano(expected.total_price)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("ollama", "gpt-4o-mini"),  # on a machine of one's own the maker's price says nothing
        ("vllm", "openai/gpt-4o-mini"),
        ("", ""),
        ("", "my-model"),
        ("groq", "whisper-large-v3"),  # sold by the second
        ("cerebras", "qwen-3-coder-480b"),  # listed without a price
    ],
)
def test_what_the_book_does_not_know_has_no_price(provider, model):
    assert cost(provider, model, input=1000, output=100) is None


def test_models_that_are_free_by_name_cost_nothing():
    assert cost("openrouter", "allenai/molmo-7b-d:free", input=1000, output=100) == 0


def test_service_tiers_change_the_price():
    normal = cost("openai", "gpt-5", input=1000, output=100)
    assert cost("openai", "gpt-5", input=1000, output=100, tier="flex") == normal // 2
    assert cost("openai", "gpt-5", input=1000, output=100, tier="priority") == normal * 2
    assert cost("openai", "gpt-5", input=1000, output=100, tier="batch") == normal // 2
    assert cost("openai", "gpt-5", input=1000, output=100, tier="scale") == normal


def test_a_price_belongs_to_its_day():
    before = cost("openai", "o3", input=1_000_000, at=datetime(2025, 6, 9, tzinfo=UTC))
    after = cost("openai", "o3", input=1_000_000, at=datetime(2025, 6, 10, tzinfo=UTC))
    assert (before, after) == (10_000_000_000, 2_000_000_000)


PRICED = [(provider.id, model.id) for provider in providers for model in provider.models]
TIERS = ["", "default", "flex", "priority", "batch", "fast", "standard"]


@st.composite
def token_mixes(draw):
    size = st.one_of(st.integers(0, 5_000), st.integers(0, 1_200_000))
    parts = [draw(size) for _ in range(5)]
    fresh, cached, write, answer, reasoning = parts
    return {
        "input": fresh + cached + write, "cached": cached, "write": write,
        "output": answer + reasoning, "reasoning": reasoning,
    }  # fmt: skip


@settings(max_examples=1_500, deadline=None)
@given(
    st.sampled_from(PRICED),
    token_mixes(),
    st.sampled_from(TIERS),
    st.integers(0, 5 * 365 * 24 * 60).map(
        lambda minutes: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
)
def test_it_agrees_with_the_library_to_the_nano_dollar(priced, mix, tier, at):
    provider, model = priced
    ours = cost(provider, model, **mix, tier=tier, at=at)
    if ours is None:
        return
    usage = genai_prices.Usage(
        input_tokens=mix["input"],
        cache_read_tokens=mix["cached"],
        cache_write_tokens=mix["write"],
        output_tokens=mix["output"],
        output_reasoning_tokens=mix["reasoning"],
    )
    context = dict.fromkeys(("service_tier", "processing", "speed"), tier) if tier else None
    found = price_book._find(provider, model)
    theirs = found[1].calc_price(usage, found[0], genai_request_timestamp=at, price_context=context)
    assert ours == to_nano(theirs.total_price)


def test_nearly_all_models_of_the_book_have_a_price():
    unknown = [priced for priced in PRICED if price_book.lookup(*priced, "", DAY.date()) is None]
    # Those without one are sold by the second or page, or stand for a region in the id (aws "regional.…").
    assert len(unknown) / len(PRICED) < 0.06
