"""What a context hands down to every span below it: user, session, feature, prompt, variant."""

from __future__ import annotations

from opentelemetry import context
from opentelemetry.context import Context

_KEY = context.create_key("onwatch-carried")

#: Argument of ``AITraceContext`` -> attributes that carry it.
NAMES: dict[str, tuple[str, ...]] = {
    "user": ("user.id",),
    "session": ("session.id", "gen_ai.conversation.id"),
    "feature": ("ai.feature",),
    "prompt_name": ("gen_ai.prompt.name",),
    "prompt_version": ("gen_ai.prompt.version",),
    "experiment": ("feature_flag.key",),
    "variant": ("feature_flag.result.variant",),
}


def attributes_for(**values: str | None) -> dict[str, str]:
    return {attribute: str(value) for name, value in values.items() if value for attribute in NAMES[name]}


def carried_attributes(within: Context | None = None) -> dict[str, str]:
    """What the context (the present one by default) carries."""
    found = context.get_value(_KEY, within)
    return found if isinstance(found, dict) else {}


def carrying(attributes: dict[str, str]) -> Context:
    """The present context, carrying these attributes as well."""
    return context.set_value(_KEY, {**carried_attributes(), **attributes})
