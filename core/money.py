"""Money: whole nano-dollars inside, decimals at the edge."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

NANO = 1_000_000_000


def to_nano(usd: Decimal | str | int | float) -> int:
    """Dollars to whole nano-dollars, half to even. Floats are read by their shortest decimal form."""
    amount = Decimal(str(usd)) if isinstance(usd, float) else Decimal(usd)
    return int((amount * NANO).to_integral_value(ROUND_HALF_EVEN))


def to_usd(nano: int) -> Decimal:
    """Nano-dollars to an exact decimal number of dollars."""
    return Decimal(nano).scaleb(-9)


def usd_text(nano: int) -> str:
    """Dollars as a plain decimal string without trailing zeros: ``"0.0000312"``, ``"12"``."""
    text = f"{to_usd(nano):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def display(nano: int) -> str:
    """Dollars for people: cents from one cent upwards, three significant digits below."""
    usd = to_usd(nano)
    if usd == 0:
        return "$0.00"
    if abs(usd) >= Decimal("0.01"):
        return f"${usd:,.2f}" if usd >= 0 else f"-${-usd:,.2f}"
    places = min(9, 2 - usd.adjusted())
    return f"${usd:.{places}f}" if usd >= 0 else f"-${-usd:.{places}f}"
