"""Reads settings from the environment. A value that cannot be taken stops the start with a message that names it."""

from __future__ import annotations

import os
from typing import NoReturn

WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def refuse(name: str, value: str, wanted: str) -> NoReturn:
    """SystemExit, because settings are read before anything could catch what else they raise."""
    raise SystemExit(f"{name}: {value!r} is not {wanted}.")


def flag(name: str) -> bool:
    value = os.environ.get(name, "").strip().lower() or "0"
    return WORDS[value] if value in WORDS else refuse(name, value, "1 or 0")


def words(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def whole(name: str, default: int, *, least: int = 1, most: int = 2**63 - 1) -> int:
    value = os.environ.get(name, "").strip() or str(default)
    found = _whole(value, most)
    return (
        found if found is not None and found >= least else refuse(name, value, f"a whole number from {least} to {most}")
    )


def _whole(value: str, most: int) -> int | None:
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 and int(value) <= most else None


HIGHEST_PORT = 65_535


def port(name: str, default: int) -> int:
    """0 is any that is free."""
    return whole(name, default, least=0, most=HIGHEST_PORT)


def two_ports(name: str, default: str) -> list[int]:
    """Two ports, the second alone, or none."""
    ports = [_whole(part, HIGHEST_PORT) for part in words(name, default)]
    if len(ports) > 2 or None in ports:
        refuse(
            name, os.environ.get(name, default), f"two ports up to {HIGHEST_PORT} with a comma between them, nor empty"
        )
    return [number for number in ports if number is not None]


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """An address that begins with one of these schemes. What a wrong one holds is not shown: it may be a password."""
    value = os.environ.get(name) or default
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        refuse(name, value.partition(":")[0] + ":…", f"an address that begins with {'://, '.join(schemes)}://")
    return value


def origins(name: str) -> list[str]:
    for origin in words(name):
        if not origin.startswith(("http://", "https://")):
            refuse(name, origin, "an origin that begins with http:// or https://")
    return words(name)


def one_of(name: str, default: str, known: tuple[str, ...]) -> str:
    value = (os.environ.get(name) or default).upper()
    return value if value in known else refuse(name, value, f"one of {', '.join(known)}")
