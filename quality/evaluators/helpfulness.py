"""Helpfulness: whether there is a whole answer at all. Pure.

Looks for the ways in which an answer fails its reader that can be seen from outside: empty, refused, an error
message, cut off, caught in a loop, the question repeated, blanks left to fill in, fewer items than asked for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from quality.evaluators import languages
from quality.evaluators.answer import Answer, Evaluator, Unjudged, Verdict

#: Fault -> (score, what people read).
FAULTS = {
    "empty": (0.0, "There is no answer."),
    "error": (0.0, "The answer is an error message."),
    "filtered": (0.1, "The provider's filter stopped the answer."),
    "refused": (0.1, "The model refused to answer."),
    "loop": (0.1, "The answer repeats itself."),
    "echo": (0.1, "The answer repeats the question."),
    "not_found": (0.3, "The answer says that it does not know."),
    "cut_off": (0.5, "The answer is cut off."),
    "too_few": (0.5, "Fewer items than were asked for."),
    "blanks": (0.6, "The answer holds blanks that somebody was to fill in."),
    "reluctant": (0.7, "The model first refuses, then answers."),
}

_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"})
_FILTERED = frozenset({"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "refusal"})
_WHOLE = frozenset({"stop", "end_turn", "stop_sequence", "eos", "complete", "completed"})

#: Texts that compress better than this say the same thing over and over. The highest of 1,573 long answers of HaluEval
#: (poems, tables and code among them) is 3.95.
LOOP_COMPRESSION = 8.0
LOOP_LENGTH = 600

#: How a text ends that was not finished; looked for at its very end alone.
_DANGLING = re.compile(
    r"(?:[,(–]|\b(?:and|or|the|a|an|of|to|with|for|und|oder|der|die|das|mit|für|et|ou|le|la|les|de|y|el|con|para))$",
    re.IGNORECASE,
)
_BLANKS = re.compile(
    r"\[(?:your|insert|name|company|date|address|recipient|customer|phone|email)\b[^\]\n]{0,40}\]"
    r"|\{\{\s*\w+\s*\}\}|<(?:your|insert)[ _][^>\n]{0,40}>|\bLorem ipsum\b",
    re.IGNORECASE,
)
_NUMBERS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_COUNT_WANTED = re.compile(
    rf"\b(?:list|name|give(?: me)?|suggest|provide|recommend)\s+(?:\w+\s+)?(\d{{1,2}}|{'|'.join(_NUMBERS)})\s+"
    r"(?!\w*\s*(?:words?|sentences?|lines?|pages?|paragraphs?|percent|hours?|days?|minutes?|year)\b)(?!-)\w+",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s{0,3}\**\(?\d{1,2}[.):]", re.MULTILINE)
_BULLETS = re.compile(r"^\s{0,1}[-*•–]\s", re.MULTILINE)


def judge(answer: Answer) -> Verdict | Unjudged:
    if not answer.text and answer.calls_tools:
        return Unjudged("a tool call, not an answer")
    found = list(_faults(answer))
    if found:
        worst = min(found, key=lambda name: FAULTS[name][0])
        value, comment = FAULTS[worst]
        return Verdict(value, worst, comment)
    if answer.language not in languages.LANGUAGES:
        # Its refusals would not be recognised, so "nothing found" would mean nothing.
        return Unjudged("language not known to this evaluator")
    return Verdict(1.0, "answered", "")


def _faults(answer: Answer) -> Iterator[str]:
    text, reason = answer.text, answer.finish_reason.lower()
    if reason in _FILTERED:
        yield "filtered"
    if not text:
        yield "empty"
        return
    if answer.declined:
        yield "reluctant" if answer.declined.answered_anyway else answer.declined.kind
    if _is_cut_off(text, reason):
        yield "cut_off"
    if len(text) >= LOOP_LENGTH and _compression(text) > LOOP_COMPRESSION:
        yield "loop"
    if _plain(text) == _plain(answer.question) and len(text) > 10:
        yield "echo"
    if _BLANKS.search(text) and not _may_have_blanks(answer):
        yield "blanks"
    if _too_few(answer):
        yield "too_few"


def _is_cut_off(text: str, reason: str) -> bool:
    if reason in _CUT:
        return True
    if text.count("```") % 2:
        return True
    return reason not in _WHOLE and bool(_DANGLING.search(text[-20:]))


def _compression(text: str) -> float:
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw) / len(zlib.compress(raw, 1))


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def _may_have_blanks(answer: Answer) -> bool:
    """Drafts and templates are for somebody to fill in; so is what had blanks to begin with."""
    return answer.is_invention or "template" in answer.question.lower() or bool(_BLANKS.search(answer.question))


def _too_few(answer: Answer) -> bool:
    wanted = _COUNT_WANTED.search(answer.question)
    if wanted is None:
        return False
    number = _NUMBERS.get(wanted[1].lower()) or int(wanted[1])
    items = len(_NUMBERED.findall(answer.text)) or len(_BULLETS.findall(answer.text))
    # Without a list nothing can be counted.
    return 2 <= items < number


_KNOWN = ", ".join(sorted(language.name for language in languages.LANGUAGES.values()))

EVALUATOR = Evaluator(
    name="helpfulness",
    version=1,
    judge=judge,
    scores=("helpfulness",),
    looks_at="Whether there is a whole answer: not empty, refused, an error message, cut off, in a loop, an echo of "
    "the question, with blanks to fill in, or shorter than the list that was asked for.",
    limits="1 means that none of these faults was found, not that the answer helped. A refusal that was right counts "
    f"as unhelpful too. Refusals are recognised in these languages: {_KNOWN}; in others only an answer with a visible "
    "fault gets a score.",
)
