"""Where published prices come from: the ``genai-prices`` package, compiled to unit prices once per model and day.

The package holds some 2,300 models as Python objects, takes about a second to load and matches names by walking
through them, so it is loaded when the first call is priced and asked once for each model, host, tier and day.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from costs.pricing import Rates, UnitPrices, unit_price

#: ``(second of the UTC day from which they hold, the prices)``. All but a few hosts have one price the day long.
DayPrices = tuple[tuple[int, UnitPrices], ...]

#: The price book's name of a host -> other names that senders and price lists give it. Some of these the book would
#: not find (``x_ai``), some it would mistake (``azure.ai.openai``), and own prices must know that they are one.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "aws": (
        "amazon_bedrock",
        "aws.bedrock",
        "bedrock",
        "bedrock_converse",
    ),
    "azure": (
        "az.ai.inference",
        "az.ai.openai",
        "azure.ai.inference",
        "azure.ai.openai",
        "azure_ai",
        "azure_openai",
        "azureopenai",
    ),
    "cohere": ("cohere_chat",),
    "fireworks": ("fireworks_ai",),
    "google": (
        "gcp.gemini",
        "gcp.gen_ai",
        "gcp.vertex_ai",
        "gemini",
        "google_anthropic_vertex",
        "google_genai",
        "google_vertexai",
        "vertex_ai",
        "vertexai",
    ),
    "mistral": (
        "mistral_ai",
        "mistralai",
    ),
    "moonshotai": (
        "moonshot",
        "moonshot_ai",
    ),
    "together": ("together_ai",),
    "voyageai": ("voyage",),
    "x-ai": (
        "x_ai",
        "xai",
    ),
}
HOSTS: Mapping[str, str] = {name: host for host, names in _NAMES.items() for name in names}
#: What instrumentations say where they do not know the host: a library or gateway, which sets no prices.
NOT_A_HOST = frozenset(
    (
        "",
        "_other",
        "custom",
        "haystack",
        "langchain",
        "litellm",
        "llama_index",
        "llamaindex",
        "openlit",
        "other",
        "unknown",
    )
)

#: Whose lists are searched for a model that came without a host, after the patterns by which makers name theirs.
MAKERS = ("openai", "cohere", "mistral", "google", "voyageai")

_TOKEN_PRICES = ("input_mtok", "output_mtok")
_loading = threading.Lock()


@functools.cache
def _loaded() -> tuple[list[Any], Any, Any]:
    snapshot = importlib.import_module("genai_prices.data_snapshot")
    types = importlib.import_module("genai_prices.types")
    return snapshot.get_snapshot().providers, snapshot.find_provider_by_id, types


def _library() -> tuple[list[Any], Any, Any]:
    with _loading:
        return _loaded()


def warm() -> None:
    """Load the price data (about a second), so that the first call does not wait for it."""
    _library()


def host_name(provider: str) -> str:
    """The price book's name for a host; empty where the sender named none."""
    name = provider.strip().lower()
    return "" if name in NOT_A_HOST else HOSTS.get(name, name)


def _spellings(provider: str, model: str) -> Iterator[tuple[str, str]]:
    """``(host, model name)`` to try, most trustworthy first; the host is empty for "whoever makes this model".

    Gateways are called with the OpenAI client and models named ``host/model``, so there the prefix says who is paid.
    """
    host = host_name(provider)
    name = model.strip().lower().removeprefix("models/")
    prefix, slash, rest = name.partition("/")
    if slash and host in {"", "openai", host_name(prefix)}:
        yield host_name(prefix), rest
    yield host, name


def _find(provider: str, model: str) -> tuple[Any, Any] | None:
    """The library's provider and model."""
    providers, by_id, _ = _library()
    for host, name in _spellings(provider, model):
        found = by_id(providers, host) if host else _maker(providers, name)
        if found and (priced := found.find_model(name, all_providers=providers)):
            return found, priced
    return None


def _maker(providers: list[Any], name: str) -> Any | None:  # noqa: ANN401
    """Who makes a model, by the pattern of its makers' names; else a maker that lists it.

    The patterns leave out some that a maker has: OpenAI's do not cover its embeddings.
    """
    makers = [each for each in providers if each.model_match]
    by_pattern = next((each for each in makers if each.model_match.is_match(name)), None)
    if by_pattern:
        return by_pattern
    listing = [each for each in providers if each.id in MAKERS or each.model_match]
    having = sorted((each for each in listing if each.find_model(name)), key=_precedence)
    return having[0] if len(having) == 1 or (having and having[0].id in MAKERS) else None


def _precedence(provider: Any) -> int:  # noqa: ANN401
    return MAKERS.index(provider.id) if provider.id in MAKERS else len(MAKERS)


def lookup(provider: str, model: str, service_tier: str, day: date) -> DayPrices | None:
    """The prices of a UTC day, or None when the book does not know them. Walks through the book: keep the answer."""
    found = _find(provider, model)
    if found is None:
        return None
    host, priced = found
    tier = service_tier.strip().lower()
    # Models borrowed from another provider's list have that provider's tiers only in name.
    is_own = any(priced is each for each in host.models)
    context = dict.fromkeys(("service_tier", "processing", "speed"), tier) if tier and is_own else None
    segments = []
    for start in _changes_of_day(priced, day):
        compiled = _compile(priced, priced.get_prices(datetime.combine(day, start, UTC), context))
        if compiled is None:
            return None
        seconds = start.hour * 3600 + start.minute * 60 + start.second
        segments.append((seconds, compiled))
    return tuple(segments)


def _changes_of_day(priced: Any, day: date) -> list[time]:
    """UTC times of day at which another price may hold, midnight first."""
    _, _, types = _library()
    times = {time(0)}
    conditional = priced.prices if isinstance(priced.prices, list) else []
    for each in (*conditional, *(priced.price_variants or ())):
        if isinstance(each.constraint, types.TimeOfDateConstraint):
            for bound in (each.constraint.start_time, each.constraint.end_time):
                moment = datetime.combine(day, bound, bound.tzinfo or UTC).astimezone(UTC)
                times.add(moment.time())
    return sorted(times)


def _compile(priced: Any, prices: Any) -> UnitPrices | None:
    _, _, types = _library()
    held = {name: price for name, price in vars(prices).items() if price is not None}
    if not any(name in held for name in _TOKEN_PRICES):
        # No price per token is "free" for models that say so in their name; others are sold by the second, the
        # character or the page, which a span does not count, or not sold by use at all.
        return UnitPrices(Rates(0, 0, 0, 0, 0)) if priced.id.endswith(":free") and not held else None

    def at(name: str, input_tokens: int) -> Decimal | None:
        price = held.get(name)
        if not isinstance(price, types.TieredPrices):
            return price
        passed = [tier.price for tier in price.tiers if input_tokens > tier.start]
        return passed[-1] if passed else price.base

    def rates(input_tokens: int) -> Rates:
        fresh = at("input_mtok", input_tokens) or Decimal(0)
        output = at("output_mtok", input_tokens) or Decimal(0)
        own = [at(name, input_tokens) for name in ("cache_read_mtok", "cache_write_mtok", "output_reasoning_mtok")]
        cached, write, reasoning = (
            unit_price(fallback if price is None else price)
            for price, fallback in zip(own, (fresh, fresh, output), strict=True)
        )
        return Rates(unit_price(fresh), cached, write, unit_price(output), reasoning)

    starts = sorted(
        {tier.start for price in held.values() if isinstance(price, types.TieredPrices) for tier in price.tiers},
        reverse=True,
    )
    per_thousand_calls = at("requests_kcount", 0) or Decimal(0)
    return UnitPrices(
        base=rates(0),
        tiers=tuple((start, rates(start + 1)) for start in starts),
        per_call=unit_price(per_thousand_calls * 1000),
    )


def day_of(ordinal: int) -> date:
    """The UTC day behind ``datetime.toordinal()``."""
    return date(1, 1, 1) + timedelta(days=ordinal - 1)
