"""What of prompts, answers and documents is recorded: whether at all, how long, and after which redaction."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from onwatch_sdk import counting

OFF = frozenset({"0", "false", "no", "off"})
MAX_CHARACTERS = 100_000
WITHHELD = "[not recorded: the redaction failed]"


@dataclass(frozen=True)
class Policy:
    """For all content; a decorator's ``capture=False`` narrows it further, nothing widens it."""

    capture: bool = True
    #: Of one attribute. Longer texts are cut and say so.
    max_characters: int = MAX_CHARACTERS
    #: Given each text before it is recorded.
    redact: Callable[[str], str] | None = None


def _from_environment() -> Policy:
    capture = os.environ.get("ONWATCH_CAPTURE_CONTENT", "1").strip().lower() not in OFF
    most = os.environ.get("ONWATCH_MAX_TEXT", "")
    return Policy(capture, int(most) if most.isdigit() and int(most) else MAX_CHARACTERS)


policy = _from_environment()


def configure(
    capture: bool | None = None, max_characters: int | None = None, redact: Callable[[str], str] | None = None
) -> None:
    """What is not given is as the environment says."""
    global policy
    default = _from_environment()
    policy = Policy(
        default.capture if capture is None else capture and default.capture,
        max_characters or default.max_characters,
        redact,
    )


def recorded(text: str) -> str:
    """The text as it may leave the process: redacted, in Unicode, and cut to size."""
    rules = policy
    if rules.redact is not None:
        try:
            text = str(rules.redact(text))
        except Exception:
            counting.fault("The redaction")
            return WITHHELD
    if len(text) > rules.max_characters:
        text = f"{text[: rules.max_characters]}… [cut: {len(text):,} characters in all]"
    return unicode(text)


def unicode(text: str) -> str:
    """The text with a question mark for each lone surrogate: none of those can be sent, and the attribute, or
    even the whole request, would be lost with it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
