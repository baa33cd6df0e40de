"""What a context hands down to every span below it: user, session, feature, prompt, experiment and variant.

It travels as the OpenTelemetry context does: to calls, awaited coroutines, asyncio tasks and ``asyncio.to_thread``.
A thread begins with an empty context: see ``carry``.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from opentelemetry import context
from opentelemetry.context import Context

from onwatch_sdk.texts import word

P = ParamSpec("P")
R = TypeVar("R")

_KEY = context.create_key("onwatch-carried")

#: Argument of ``AITraceContext`` -> attributes that carry it.
NAMES: dict[str, tuple[str, ...]] = {
    "user": ("user.id",),
    "session": ("session.id", "gen_ai.conversation.id"),
    "feature": ("ai.feature",),
    "prompt": ("gen_ai.prompt.name",),
    "prompt_version": ("gen_ai.prompt.version",),
    "experiment": ("feature_flag.key",),
    "variant": ("feature_flag.result.variant",),
}


@dataclass(frozen=True)
class Carried:
    """Attributes for every span below, and who wants to know of model calls there."""

    attributes: dict[str, str]
    model_call_began: tuple[Callable[[], None], ...] = ()

    def tell_model_call(self) -> None:
        """A span that carries tokens and cost has begun below."""
        for told in self.model_call_began:
            told()


NOTHING = Carried({})


def attributes_for(**values: object) -> dict[str, str]:
    """Attributes for the arguments that are not empty."""
    said = {name: word(value) for name, value in values.items()}
    return {attribute: value for name, value in said.items() if value for attribute in NAMES[name]}


def carried(within: Context | None = None) -> Carried:
    """What the context (the present one by default) carries."""
    found = context.get_value(_KEY, within)
    return found if isinstance(found, Carried) else NOTHING


def carrying(attributes: dict[str, str], *model_call_began: Callable[[], None]) -> Context:
    """The present context, carrying these attributes as well."""
    before = carried()
    now = Carried({**before.attributes, **attributes}, (*before.model_call_began, *model_call_began))
    return context.set_value(_KEY, now)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """The function, to be run in another thread with the trace, user, session and so on of here.

    ``executor.submit(carry(search), query)``. Wrap anew for each run: the context is that of the moment of wrapping.
    """
    here = contextvars.copy_context()

    @functools.wraps(function)
    def with_context(*args: P.args, **kwargs: P.kwargs) -> R:
        # A copy each, for the same context cannot be entered by two threads at once.
        return here.copy().run(function, *args, **kwargs)

    return with_context
