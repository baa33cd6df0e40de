"""Words of a text, made comparable: stems, numbers, names, sentences, and a guess at the language. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache, lru_cache
from typing import NamedTuple

from quality.evaluators import languages

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("cyrillic", re.compile(r"[\u0400-\u04ff]")),
    ("arabic", re.compile(r"[\u0600-\u06ff]")),
    ("devanagari", re.compile(r"[\u0900-\u097f]")),
    ("greek", re.compile(r"[\u0370-\u03ff]")),
    ("thai", re.compile(r"[\u0e00-\u0e7f]")),
    ("hebrew", re.compile(r"[\u0590-\u05ff]")),
)

#: Scripts that write without spaces: their words are taken to be all pairs of neighbouring characters.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"\d+(?:[.,:/]\d+)*|[{_UNSPACED}]+|[^\W\d_{_UNSPACED}]+(?:['’-][^\W\d_]+)*")
_HIRAGANA = re.compile(r"[\u3040-\u309f]+")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n+")
_LIST_MARKER = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,3}[.):]|[a-z][.)])\s+", re.MULTILINE)
_LETTERS = re.compile(r"[^\W\d_]+")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")

#: The language of a text is guessed from its beginning.
LANGUAGE_SAMPLE = 800
#: Letters that a stem keeps. Cutting joins the forms of a word in every inflected language, and now and then two words.
STEM_LETTERS = 6


class Word(NamedTuple):
    """One word with content. ``is_name`` is a guess: capital letter within a sentence, or capitals throughout."""

    stem: str
    is_number: bool = False
    is_name: bool = False


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The form under which words are compared; empty for a word without content."""
    word = word.casefold().replace("’", "'")
    # Counting in words ("three options") says little about facts.
    if word in languages.every("function_words") or word in languages.every("number_words"):
        return ""
    word = word.removesuffix("'s").removesuffix("'")
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if len(plain) < 2:
        return ""
    if plain.endswith("ies") and len(plain) > 4:
        plain = plain[:-3] + "y"
    elif (plain.endswith("s") and not plain.endswith("ss")) or (plain.endswith("e") and len(plain) > 4):
        plain = plain[:-1]
    return plain[:STEM_LETTERS]


@lru_cache(maxsize=10_000)
def number(text: str) -> str:
    """One spelling for a number: ``1,000`` and ``1.000`` are ``1000``, ``4,5`` is ``4.5``."""
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "").replace(".", "")
    text = text.replace(",", ".")
    return (text.rstrip("0").rstrip(".") if text.count(".") == 1 else text).lstrip("0") or "0"


@lru_cache(maxsize=50_000)
def _words(token: str, at_start: bool) -> tuple[Word, ...]:
    if token[0].isdecimal():
        return (Word(number(token), is_number=True),)
    if _UNSPACED_RUN.match(token):
        pairs = (token[at : at + 2] for at in range(max(1, len(token) - 1)))
        # Hiragana alone writes endings and particles.
        return tuple(Word(pair) for pair in pairs if not _HIRAGANA.fullmatch(pair))
    stemmed = stem(token)
    if not stemmed:
        return ()
    capitals = len(token) > 1 and token.isupper()
    return (Word(stemmed, is_name=capitals or (not at_start and token[0].isupper())),)


def content_words(sentence: str) -> list[Word]:
    """The words of a sentence that carry content, in order."""
    tokens = _TOKEN.findall(sentence)
    if not tokens:
        return []
    found = list(_words(tokens[0], True))
    for token in tokens[1:]:
        found += _words(token, False)
    return found


def stems(text: str) -> set[str]:
    """The set of what carries content in a text."""
    return {word.stem for word in content_words(text)}


def sentences(text: str) -> list[str]:
    """Sentences and list items, without the markers of lists."""
    bare = _LIST_MARKER.sub("", text)
    return [piece for piece in (part.strip() for part in _SENTENCE_END.split(bare)) if piece]


@cache
def _languages_of() -> dict[str, list[str]]:
    """Function word -> the languages that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for code, known in languages.LANGUAGES.items():
        for word in known.function_words:
            found[word].append(code)
    return dict(found)


def language(text: str) -> str:
    """A guess from script and small words: ``en``, ``ja``, ``cyrillic``, …; empty when it cannot be told."""
    sample = text[:LANGUAGE_SAMPLE]
    if not sample.isascii():
        letters = sum(map(str.isalpha, sample))
        for name, script in _SCRIPTS:
            if len(script.findall(sample)) > letters * (0.1 if name == "ja" else 0.3):
                return name
    known = _languages_of()
    small = [codes for word in _LETTERS.findall(sample.casefold()) if (codes := known.get(word))]
    if len(small) < 2:
        return ""
    counts = Counter(code for codes in small for code in codes)
    best, second = (*counts.most_common(2), ("", 0))[:2]
    return best[0] if best[1] > second[1] else ""
