"""Where a LangSmith run says what: a fact lies in one of several places, depending on who wrote the run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

#: Says nothing. An unfinished post carries fields that are empty like this.
EMPTY: Final = (None, "", {}, [])
NUMBERS = (int, float)

#: Names lead into objects, numbers into lists.
Path = tuple[str | int, ...]
#: An object, the names of values in it, and the field that each of them fills.
Fields = tuple[tuple[Path, tuple[tuple[str, str], ...]], ...]


def path(dotted: str) -> Path:
    return tuple(int(part) if part.isdigit() else part for part in dotted.split(".") if part)


def paths(*dotted: str) -> tuple[Path, ...]:
    return tuple(path(each) for each in dotted)


def fields(by_object: Mapping[str, Mapping[str, str]]) -> Fields:
    return tuple((path(dotted), tuple(names.items())) for dotted, names in by_object.items())


def at(value: Any, where: Path) -> Any:  # noqa: ANN401
    """What is at a path in parsed JSON; None where it ends early."""
    for part in where:
        if value.__class__ is dict:
            value = value.get(part)
        elif value.__class__ is list and part.__class__ is int and part < len(value):
            value = value[part]
        else:
            return None
    return value


def list_at(value: Any, where: Path) -> list[Any]:  # noqa: ANN401
    found = at(value, where)
    return found if isinstance(found, list) else []


def first(value: Any, places: Iterable[Path]) -> Any:  # noqa: ANN401
    """The first of these places that says something; None where none does."""
    for where in places:
        if (found := at(value, where)) not in EMPTY:
            return found
    return None


def as_text(value: Any) -> str:  # noqa: ANN401
    """A text itself, a number as text, nothing for all else."""
    if value.__class__ is str:
        return value
    return str(value) if isinstance(value, NUMBERS) else ""


def scalars(value: Any, wanted: Fields) -> dict[str, str]:  # noqa: ANN401
    """The fields that are filled; where several fill one, the first that says something does."""
    found: dict[str, str] = {}
    for where, names in wanted:
        holder = at(value, where)
        if holder.__class__ is not dict:
            continue
        for name, field in names:
            if field not in found and (text := as_text(holder.get(name))):
                found[field] = text
    return found
