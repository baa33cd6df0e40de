"""Whether an answer declines to answer. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from quality.evaluators import languages
from quality.evaluators.languages import Language

Kind = Literal["refused", "not_found", "error"]

#: A refusal stands at the beginning.
OPENING = 320
BEGINNING = 140
#: A turn ("However, …") must be followed by this many characters to count as an answer.
LEAST_AFTER_TURN = 80


class Declined(NamedTuple):
    kind: Kind
    #: The text goes on to answer after all.
    answered_anyway: bool


def find(text: str, language: str) -> Declined | None:
    """How the answer declines, or None. The text of an unknown language is tried with every wording."""
    known = languages.candidates(language)
    opening = text[:OPENING]
    # Programs report errors in English wherever they run.
    is_short = len(text) <= OPENING
    if is_short and any(each.errors.search(opening) for each in (*known, languages.LANGUAGES["en"])):
        return Declined("error", False)
    refused = [(language, language.refusals.search(opening)) for language in known]
    # "I don't know" is also what people in stories say: it counts only as the very beginning.
    not_found = [(language, language.not_found.search(opening[:BEGINNING])) for language in known]
    return _declined(text, refused, "refused") or _declined(text, not_found, "not_found")


def _declined(text: str, found: list[tuple[Language, re.Match[str] | None]], kind: Kind) -> Declined | None:
    for language, match in found:
        if match:
            turn = language.turns.search(text, match.end())
            return Declined(kind, turn is not None and len(text) - turn.end() >= LEAST_AFTER_TURN)
    return None
