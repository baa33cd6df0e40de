"""The pipeline step that prices calls before they are stored.

Runs for every span that comes in, so a known (host, model, tier, day) costs one dictionary look-up.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import DatabaseError
from django.db.models import Count, Max

from core.connections import drop_dead_connections
from costs import price_book
from costs.models import Price
from costs.price_book import DayPrices, day_of, host_name
from costs.pricing import Rates, UnitPrices, unit_price
from telemetry.span import CALL_KINDS, Span

logger = logging.getLogger(__name__)

#: A changed price holds in every process after this many seconds at the latest.
REFRESH_SECONDS = 10.0
#: Names come from outside: beyond this many, all that is remembered is forgotten.
MOST_REMEMBERED = 20_000

#: Prices and the source to write on the span; None where nobody knows the price.
Known = tuple[DayPrices, str] | None
Key = tuple[int, str, str, str, str, int]


@dataclass(frozen=True, slots=True)
class Override:
    """The ``Price`` rows of one project, host, model pattern, tier and day, compiled."""

    project_id: int | None
    host: str
    pattern: str
    service_tier: str
    valid_from: date
    prices: DayPrices
    matches: re.Pattern[str]

    @property
    def rank(self) -> tuple[bool, int, int, bool, bool, date]:
        """The highest of those that fit a call holds."""
        wildcards = self.pattern.count("*")
        letters = len(self.pattern) - wildcards
        return (
            self.project_id is not None, -wildcards, letters, self.host != "", self.service_tier != "", self.valid_from
        )  # fmt: skip


def _compile(rows: Iterable[Price]) -> list[Override]:
    groups: dict[tuple[int | None, str, str, str, date], list[Price]] = defaultdict(list)
    for row in rows:
        groups[
            row.project_id, host_name(row.provider), row.model.lower(), row.service_tier.lower(), row.valid_from
        ].append(row)
    compiled = []
    for (project_id, host, pattern, tier, valid_from), members in groups.items():
        members.sort(key=lambda row: -row.above_input_tokens)
        prices = UnitPrices(
            base=_rates(members[-1]),
            tiers=tuple((row.above_input_tokens, _rates(row)) for row in members if row.above_input_tokens),
        )
        matches = re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
        compiled.append(Override(project_id, host, pattern, tier, valid_from, ((0, prices),), matches))
    return sorted(compiled, key=lambda override: override.rank, reverse=True)


def _rates(row: Price) -> Rates:
    def price(own: object, fallback: object) -> int:
        return unit_price(fallback if own is None else own)  # type: ignore[arg-type]

    return Rates(
        input=unit_price(row.input_price),
        cached=price(row.cached_price, row.input_price),
        cache_write=price(row.cache_write_price, row.input_price),
        output=unit_price(row.output_price),
        reasoning=price(row.reasoning_price, row.output_price),
    )


@dataclass(slots=True)
class PriceList:
    """One state of the overrides, and every price looked up since."""

    version: tuple[object, ...]
    overrides: list[Override]
    known: dict[Key, Known] = field(default_factory=dict)

    def find(self, key: Key) -> Known:
        """Overrides by the served then the asked model, then the price book likewise; the answer is kept."""
        project_id, provider, response_model, model, tier, ordinal = key
        day = day_of(ordinal)
        names = [name for name in dict.fromkeys((response_model, model)) if name]
        found: Known = None
        for name in names:
            if override := self._override(project_id, host_name(provider), name.lower(), tier.lower(), day):
                found = override.prices, "override"
                break
        else:
            for name in names:
                if prices := price_book.lookup(provider, name, tier, day):
                    found = prices, "price_book"
                    break
        if len(self.known) >= MOST_REMEMBERED:
            self.known.clear()
        self.known[key] = found
        return found

    def _override(self, project_id: int, host: str, name: str, tier: str, day: date) -> Override | None:
        for each in self.overrides:
            if (
                each.project_id in (None, project_id)
                and each.host in ("", host)
                and each.service_tier in ("", tier)
                and each.valid_from <= day
                and each.matches.fullmatch(name)
            ):
                return each
        return None


class Prices:
    """The present price list, read again from SQL when it is older than ``REFRESH_SECONDS``."""

    def __init__(self) -> None:
        self._list: PriceList | None = None
        self._fresh_until = 0.0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Read the prices again at the next call."""
        with self._lock:
            self._list = None
            self._fresh_until = 0.0

    def current(self) -> PriceList:
        present = self._list
        if present is not None and time.monotonic() < self._fresh_until:
            return present
        with self._lock:
            if self._list is not None and time.monotonic() < self._fresh_until:
                return self._list
            self._list = self._read(self._list)
            self._fresh_until = time.monotonic() + REFRESH_SECONDS
            return self._list

    def _read(self, present: PriceList | None) -> PriceList:
        drop_dead_connections()
        try:
            newest = Price.objects.aggregate(count=Count("pk"), newest=Max("updated_at"))
            version = (newest["count"], newest["newest"])
            if present is not None and present.version == version:
                return present
            return PriceList(version, _compile(Price.objects.all()))
        except DatabaseError:
            # Telemetry goes on while the SQL database is away: prices of a moment ago are as good.
            if present is None:
                raise
            logger.warning("The prices could not be read again; the last known ones hold.", exc_info=True)
            return present


_prices = Prices()
forget = _prices.forget


def warm() -> None:
    """Load the price data ahead of the first call; takes about a second."""
    price_book.warm()


def _at(prices: DayPrices, moment: datetime) -> UnitPrices:
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    return next(unit for start, unit in reversed(prices) if start <= second)


def price(spans: list[Span]) -> None:
    """Set ``cost_nano`` and ``cost_source`` of every call.

    A cost above zero that the sender reported is kept. Otherwise the operator's own price decides, then the
    price book. Where neither knows the model, or an answered call came without token counts, the cost is
    unknown: source ``""``. Spans that are no calls carry no cost: agents and chains only repeat what their
    calls cost.
    """
    prices = _prices.current()
    known = prices.known
    for span in spans:
        if span.kind not in CALL_KINDS:
            span.cost_nano = 0
            span.cost_source = ""
            continue
        if span.cost_source == "reported" and span.cost_nano > 0:
            continue
        start = span.start_time
        key = (
            span.project_id, span.provider, span.response_model, span.model, span.service_tier, start.toordinal()
        )  # fmt: skip
        found = known[key] if key in known else prices.find(key)
        span.cost_nano = 0
        span.cost_source = ""
        if found is None:
            continue
        day_prices, source = found
        unit = day_prices[0][1] if len(day_prices) == 1 else _at(day_prices, start)
        if not (span.input_tokens or span.output_tokens) and span.status != "error" and not unit.per_call:
            continue
        cost = unit.cost_nano(
            span.input_tokens, span.cached_tokens, span.cache_write_tokens, span.output_tokens, span.reasoning_tokens
        )
        if cost is not None:
            span.cost_nano = cost
            span.cost_source = source
