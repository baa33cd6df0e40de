"""Where a LangSmith run says what: a fact lies in one of several places, depending on who wrote the run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

#: Says nothing. An unfinished post carries fields that are empty like this.
EMPTY: Final = (None, "", {}, [])

#: The object that a value lies in, and its name there.
Place = tuple[str, str]


def places(*paths: str) -> tuple[Place, ...]:
    """Dots lead into objects, numbers into lists; the last part is a name."""
    return tuple(path.rpartition(".")[::2] for path in paths)


class Looked:
    """A run, and the objects in it as they are found: a hundred places are asked for, in a dozen objects."""

    __slots__ = ("_found",)

    def __init__(self, run: Mapping[str, Any]) -> None:
        self._found: dict[str, Any] = {"": run}

    def at(self, path: str) -> Any:  # noqa: ANN401
        """What is at a path; None where it ends early."""
        found = self._found
        if path not in found:
            outer, _, name = path.rpartition(".")
            found[path] = _inside(self.at(outer), name)
        return found[path]

    def object(self, path: str) -> dict[str, Any]:
        """The object at a path; an empty one where there is none, or something else."""
        value = self.at(path)
        return value if isinstance(value, dict) else {}

    def list(self, path: str) -> list[Any]:
        value = self.at(path)
        return value if isinstance(value, list) else []

    def first(self, where: Iterable[Place]) -> Any:  # noqa: ANN401
        """The first of these places that says something; None where none does."""
        for outer, name in where:
            value = self.at(outer)
            if isinstance(value, dict) and (said := value.get(name)) not in EMPTY:
                return said
        return None


def _inside(value: Any, name: str) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, list) and name.isdigit() and int(name) < len(value):
        return value[int(name)]
    return None
