"""What is known of each language: small words, and the wordings of refusals, errors and denials. One file a language.

A new language is a new file in ``languages/``; nothing else names them.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "languages"
#: Written without spaces, so that words have no edges.
UNSPACED = frozenset({"zh", "ja"})


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    name: str
    #: Carry no content; the language is recognised by them.
    function_words: frozenset[str]
    number_words: frozenset[str]
    #: Say what to do rather than what about.
    instruction_words: frozenset[str]
    #: Are about anything: no topic is named after them.
    generic_words: frozenset[str]
    #: Tasks whose result need not repeat a word of the task.
    invention: re.Pattern[str]
    negations: re.Pattern[str]
    refusals: re.Pattern[str]
    not_found: re.Pattern[str]
    errors: re.Pattern[str]
    #: After these, a refusal goes on to answer after all.
    turns: re.Pattern[str]


def _load(path: Path) -> Language:
    content: dict[str, Any] = tomllib.loads(path.read_text())
    edge = "" if path.stem in UNSPACED else r"\b"

    def words(name: str) -> frozenset[str]:
        return frozenset(content[name].split())

    def wording(name: str) -> re.Pattern[str]:
        return re.compile(f"{edge}(?:{'|'.join(content[name])}){edge}", re.IGNORECASE)

    def passages(name: str) -> re.Pattern[str]:
        return re.compile("|".join(content[name]), re.IGNORECASE)

    return Language(
        path.stem,
        content["name"],
        words("function_words"),
        words("number_words"),
        words("instruction_words"),
        words("generic_words"),
        wording("invention"),
        wording("negations"),
        passages("refusals"),
        passages("not_found"),
        passages("errors"),
        wording("turns"),
    )


LANGUAGES: dict[str, Language] = {path.stem: _load(path) for path in sorted(FOLDER.glob("*.toml"))}


@cache
def candidates(code: str) -> tuple[Language, ...]:
    """The language of this code; every language where it is not known."""
    return (LANGUAGES[code],) if code in LANGUAGES else tuple(LANGUAGES.values())


@cache
def every(kind: str) -> frozenset[str]:
    """The words of this kind (``function_words``, …) in every language together."""
    return frozenset().union(*(getattr(language, kind) for language in LANGUAGES.values()))
