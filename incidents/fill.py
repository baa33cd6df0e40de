"""Puts what the incident knows into a playbook's commands and pages. Pure.

Titles, features and models come from outside and end up in somebody's shell, so a value is never more than one word
there: quoted for the place where it stands, percent-encoded inside an address.
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote

_PLACE = re.compile(r"\$\{([a-z_]+)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")

#: The operator's own setting: it begins addresses and is not encoded as a part of one.
BASE = "base_url"
#: ``&feature=…`` for the end of an address, nothing where the incident names no feature.
FEATURE_QUERY = "feature_query"


def fill_page(text: str, parameters: dict[str, str]) -> str:
    """An address with the parameters percent-encoded; what is not known stays as it is."""
    return _PLACE.sub(lambda match: _in_address(match, parameters), text)


def fill_command(text: str, parameters: dict[str, str]) -> str:
    """A command for a POSIX shell; what is not known (``$ONWATCH_KEY``) is left to the shell."""
    written, at = [], 0
    quoted, word = "", ""
    while at < len(text):
        match = _PLACE.match(text, at)
        if match and match[1] in {*parameters, FEATURE_QUERY}:
            value = _in_command(match, parameters, quoted, word)
            written.append(value)
            word += match[0] if match[1] != BASE else "://"
            at = match.end()
            continue
        letter = text[at]
        quoted = _quoted_after(letter, quoted, escaped=at > 0 and text[at - 1] == "\\" and quoted != "'")
        word = "" if letter.isspace() and not quoted else word + letter
        written.append(letter)
        at += 1
    return "".join(written)


def _quoted_after(letter: str, quoted: str, *, escaped: bool) -> str:
    """The quotation mark that is open after this letter; empty outside of quotes."""
    if escaped or letter not in "'\"":
        return quoted
    if not quoted:
        return letter
    return "" if letter == quoted else quoted


def _value(name: str, parameters: dict[str, str]) -> str:
    return _CONTROL.sub(" ", parameters.get(name, ""))


def _in_address(match: re.Match[str], parameters: dict[str, str]) -> str:
    name = match[1]
    if name == FEATURE_QUERY:
        feature = _value("feature", parameters)
        return f"&feature={quote(feature, safe='')}" if feature else ""
    if name not in parameters:
        return match[0]
    value = _value(name, parameters)
    return value if name == BASE else quote(value, safe="")


def _in_command(match: re.Match[str], parameters: dict[str, str], quoted: str, word: str) -> str:
    # What is percent-encoded has no character that a shell reads.
    if match[1] == FEATURE_QUERY or (match[1] != BASE and "://" in word):
        return _in_address(match, parameters)
    value = _value(match[1], parameters)
    if not value and quoted:
        return ""
    safe = shlex.quote(value)
    if safe == value or not quoted:
        return safe
    # Inside quotation marks: end them, add the quoted word, begin them again. The shell joins the three.
    return f"{quoted}{safe}{quoted}"
