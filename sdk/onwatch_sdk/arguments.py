"""Finding a decorated function's arguments by name. The signature is read once; a call pays for look-ups alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

Args = tuple[Any, ...]
Kwargs = dict[str, Any]
Find = Callable[[Args, Kwargs], Any]
MISSING: Any = object()
#: A method's own object is no input.
OWN = frozenset({"self", "cls"})


class Arguments:
    """Where each parameter of one function is found in a call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            # Some built-in functions have no signature.
            parameters = []
        places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._own = 1 if places and places[0].name in OWN else 0
        self._places = [parameter.name for parameter in places]
        self._defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self._keywords = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        self._more = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
        self._open = not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters)
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)][self._own :]
        self._only = named[0].name if len(named) == 1 and len(parameters) == 1 + self._own else ""

    def may_have(self, name: str) -> bool:
        return self._open or name in self._keywords or name in self._places

    def finder(self, *names: str, first: bool = False) -> Find:
        """A function that finds the first of these parameters that was given and is not None, else MISSING.

        With ``first``, the first parameter stands in when it has none of them.
        """
        known = [name for name in names if name in self._keywords or name in self._places]
        if not known and first:
            known = self._places[self._own :][:1]
        if not known:
            return _among(names) if self._open else _nothing
        if len(known) == 1:
            return self._one(known[0])
        finders = [self._one(name) for name in known]

        def find(args: Args, kwargs: Kwargs) -> Any:
            for one in finders:
                found = one(args, kwargs)
                if found is not MISSING and found is not None:
                    return found
            return MISSING

        return find

    def _one(self, name: str) -> Find:
        place = self._places.index(name) if name in self._places else -1
        default = self._defaults.get(name, MISSING)

        def find(args: Args, kwargs: Kwargs) -> Any:
            return args[place] if 0 <= place < len(args) else kwargs.get(name, default)

        return find

    def all(self, args: Args, kwargs: Kwargs) -> Any:
        """The one argument of a function that has one, else all by name; a method's own object is left out."""
        if self._only:
            return args[self._own] if len(args) > self._own else kwargs.get(self._only, self._defaults.get(self._only))
        found = dict(zip(self._places[self._own :], args[self._own :], strict=False))
        if len(args) > len(self._places):
            found[self._more] = list(args[len(self._places) :])
        found.update(kwargs)
        return found


def _nothing(args: Args, kwargs: Kwargs) -> Any:
    return MISSING


def _among(names: Sequence[str]) -> Find:
    """Looks into ``**kwargs``, whose names are known at the call alone."""

    def find(args: Args, kwargs: Kwargs) -> Any:
        for name in names:
            if name in kwargs:
                return kwargs[name]
        return MISSING

    return find
