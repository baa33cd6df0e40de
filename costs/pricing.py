"""What one call costs: unit prices and token counts in, whole nano-dollars out. Pure.

Unit prices are whole yocto-dollars (10⁻²⁴ dollars) per token, so that every published price per million
tokens, down to its eighteenth decimal, is an integer and nothing is rounded before the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

#: One dollar per million tokens.
PER_MILLION = 10**18
_YOCTO_PER_NANO = 10**15
_HALF = _YOCTO_PER_NANO // 2


def unit_price(usd_per_million: Decimal) -> int:
    """Dollars per million tokens to whole yocto-dollars per token."""
    return int((usd_per_million * PER_MILLION).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True)
class Rates:
    """Yocto-dollars per token. A kind of token without a price of its own carries the price of what contains it."""

    input: int
    cached: int
    cache_write: int
    output: int
    reasoning: int


@dataclass(frozen=True, slots=True)
class UnitPrices:
    """Prices of one model, host, service tier and day."""

    base: Rates
    #: ``(more input tokens than this, the rates that then hold for every token of the call)``, highest first.
    tiers: tuple[tuple[int, Rates], ...] = ()
    #: Yocto-dollars for the call itself.
    per_call: int = 0

    def cost_nano(
        self, input_tokens: int, cached_tokens: int, cache_write_tokens: int, output_tokens: int, reasoning_tokens: int
    ) -> int | None:
        """Nano-dollars, half to even; None when the counts contradict each other.

        Cached and cache-write tokens are part of the input, reasoning tokens part of the output.
        """
        fresh = input_tokens - cached_tokens - cache_write_tokens
        answer = output_tokens - reasoning_tokens
        if fresh < 0 or answer < 0:
            return None
        rates = self.base
        if self.tiers:
            for above, tier in self.tiers:
                if input_tokens > above:
                    rates = tier
                    break
        yocto = fresh * rates.input + answer * rates.output + self.per_call
        if cached_tokens:
            yocto += cached_tokens * rates.cached
        if cache_write_tokens:
            yocto += cache_write_tokens * rates.cache_write
        if reasoning_tokens:
            yocto += reasoning_tokens * rates.reasoning
        nano, rest = divmod(yocto, _YOCTO_PER_NANO)
        if rest > _HALF or (rest == _HALF and nano & 1):
            nano += 1
        return nano
