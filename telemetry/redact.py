"""The pipeline step that takes personal data and secrets out of texts before they are stored, where a project asks.

Patterns find what has a form: addresses, numbers, keys. They do not find names or what is written in words.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from accounts.models import Project
from core.connections import drop_dead_connections
from telemetry.span import Score, Span

logger = logging.getLogger(__name__)

#: A changed setting holds in every process after this many seconds at the latest.
REFRESH_SECONDS = 5.0
#: Attributes nested deeper than this are replaced as a whole.
DEEPEST = 12

_TEXT_FIELDS = ("input", "output", "error_message", "tool_calls")

Substitute = Callable[[str], str]

_KEY = re.compile(
    r"""
    -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----.{1,8000}?-----END\ [A-Z ]{0,30}PRIVATE\ KEY-----
  | \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}                     # OpenAI, Anthropic, Langfuse and their like
  | \b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}         # Stripe
  | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                         # AWS
  | \bgh[pousr]_[A-Za-z0-9]{36,} | \bgithub_pat_\w{22,}   # GitHub
  | \bxox[abeoprs]-[A-Za-z0-9-]{10,}                      # Slack
  | \bAIza[0-9A-Za-z_-]{35}                               # Google
  | \bhf_[A-Za-z0-9]{30,}                                 # Hugging Face
  | \blsv2_(?:pt|sk)_[0-9a-f_]{20,}                       # LangSmith
  | \bow_[A-Za-z0-9_-]{40,}                               # ours
  | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}   # JSON web token
  | \bBearer\ [A-Za-z0-9._~+/-]{20,}=*
    """,
    re.VERBOSE | re.DOTALL,
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
# Cards begin with 2 to 6; Unix times, which pass the check digit one time in ten, begin with 1.
_CARD = re.compile(r"(?<![\d.,-])[2-6](?:[ -]?\d){12,18}(?![\d.,-]?\d)")
_PHONE = re.compile(
    r"""
    (?<![\w+])\+\d{1,3}(?:[ ./-]?\(?\d{1,4}\)?){2,6}(?!\w)           # +49 30 1234567, +1 (555) 010-9999
  | (?<![\w.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])              # (555) 010-9999, 555-010-9999
  | (?<![\w./-])0\d{1,4}[ /-]\d{3,8}(?:[ -]\d{2,4}){0,3}(?![\w/-])   # 030 1234567, 089/123456
    """,
    re.VERBOSE,
)


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others, as on every payment card."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def _card(match: re.Match[str]) -> str:
    return "[redacted card]" if passes_luhn(match[0]) else match[0]


def _phone(match: re.Match[str]) -> str:
    return "[redacted phone]" if 7 <= sum(map(str.isdigit, match[0])) <= 15 else match[0]


def redact_text(text: str) -> str:
    """The text without e-mail addresses, phone and card numbers and keys."""
    text = _KEY.sub("[redacted key]", text)
    if "@" in text:
        text = _EMAIL.sub("[redacted e-mail]", text)
    return _PHONE.sub(_phone, _CARD.sub(_card, text))


@dataclass(frozen=True, slots=True)
class Rules:
    """What one project wants replaced, besides what every project that redacts does."""

    own: tuple[re.Pattern[str], ...]

    def text(self, text: str) -> str:
        text = redact_text(text)
        for pattern in self.own:
            text = pattern.sub("[redacted]", text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401
        """The same for every text inside an attribute; names of keys stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict | list) and depth >= DEEPEST:
            return "[redacted]"
        if isinstance(value, dict):
            return {key: self.value(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner, depth + 1) for inner in value]
        return value

    def span(self, span: Span) -> None:
        for name in _TEXT_FIELDS:
            if text := getattr(span, name):
                setattr(span, name, self.text(text))
        for document in span.documents:
            if content := document.get("content"):
                document["content"] = self.text(content)
            if metadata := document.get("metadata"):
                document["metadata"] = self.value(metadata)
        if span.attributes:
            span.attributes = self.value(span.attributes)


def compile_patterns(lines: str) -> tuple[re.Pattern[str], ...]:
    """One pattern a line; what is no regular expression is logged and left out."""
    patterns = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        try:
            patterns.append(re.compile(line))
        except re.error as error:
            logger.warning("The redaction pattern %r is left out: %s.", line, error)
    return tuple(patterns)


class ProjectRules:
    """Rules by project, read again from SQL when they are older than ``REFRESH_SECONDS``."""

    def __init__(self) -> None:
        self._rules: dict[int, Rules] | None = None
        self._fresh_until = 0.0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Read the rules again at the next call."""
        with self._lock:
            self._rules = None
            self._fresh_until = 0.0

    def current(self) -> dict[int, Rules]:
        present = self._rules
        if present is not None and time.monotonic() < self._fresh_until:
            return present
        with self._lock:
            if self._rules is None or time.monotonic() >= self._fresh_until:
                self._rules = self._read(self._rules)
                self._fresh_until = time.monotonic() + REFRESH_SECONDS
            return self._rules

    def _read(self, present: dict[int, Rules] | None) -> dict[int, Rules]:
        drop_dead_connections()
        try:
            asking = list(Project.objects.filter(redact=True).values_list("pk", "redact_patterns"))
        except DatabaseError:
            # Nothing is stored that might have to be redacted: without any known rules the sender tries again.
            if present is None:
                raise
            logger.warning("The redaction rules could not be read again; the last known ones hold.", exc_info=True)
            return present
        return {project_id: Rules(compile_patterns(patterns)) for project_id, patterns in asking}


_rules = ProjectRules()
forget = _rules.forget


def redact(spans: list[Span]) -> None:
    """Replace what the rules of each span's project find; costs nothing where no project redacts."""
    rules = _rules.current()
    if not rules:
        return
    for span in spans:
        if wanted := rules.get(span.project_id):
            wanted.span(span)


def redact_value(project_id: int, value: Any) -> Any:  # noqa: ANN401
    """The same for any JSON value of one project."""
    rules = _rules.current().get(project_id)
    return rules.value(value) if rules else value


def examples(project_ids: Sequence[int], texts: Sequence[str]) -> list[str]:
    """Bits of what was sent, for people who look for what is wrong with it: in no project with a key in them."""
    rules = _rules.current() if any(texts) else {}
    return [
        rules[project_id].text(text) if project_id in rules else redact_text(text)
        for project_id, text in zip(project_ids, texts, strict=True)
    ]


def redact_comments(scores: Iterable[Score]) -> None:
    """The same for what people and judges wrote beside their scores."""
    commented = [score for score in scores if score.comment]
    rules = _rules.current() if commented else {}
    for score in commented:
        if wanted := rules.get(score.project_id):
            score.comment = wanted.text(score.comment)
