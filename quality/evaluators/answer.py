"""What evaluators are given, and what they answer. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from quality.evaluators import languages, refusals, words
from quality.evaluators.refusals import Declined

#: Longer texts are judged by their beginning, so that one answer never costs more than a few milliseconds.
MOST_ANSWER = 8_000
MOST_QUESTION = 2_000
MOST_DOCUMENTS = 20_000
MOST_SYSTEM = 4_000


@dataclass(frozen=True)
class Answer:
    """One answer with what is known around it; texts are plain and empty where unknown."""

    text: str
    question: str = ""
    #: What was retrieved for it.
    documents: tuple[str, ...] = ()
    system: str = ""
    finish_reason: str = ""
    #: The model asked for tools; then an empty text is no fault.
    calls_tools: bool = False

    @classmethod
    def of(
        cls,
        text: str,
        question: str = "",
        documents: tuple[str, ...] = (),
        system: str = "",
        finish_reason: str = "",
        calls_tools: bool = False,
    ) -> Answer:
        """Cut to the lengths that evaluators read."""
        left, kept = MOST_DOCUMENTS, []
        for document in documents:
            if document and left > 0:
                kept.append(document[:left])
                left -= len(document)
        return cls(
            text[:MOST_ANSWER].strip(),
            question[:MOST_QUESTION].strip(),
            tuple(kept),
            system[:MOST_SYSTEM],
            finish_reason,
            calls_tools,
        )

    @cached_property
    def sentences(self) -> list[tuple[str, list[words.Word]]]:
        """Sentences of the answer that have words with content."""
        pairs = ((sentence, words.content_words(sentence)) for sentence in words.sentences(self.text))
        return [(sentence, found) for sentence, found in pairs if found]

    @cached_property
    def stems(self) -> set[str]:
        return {word.stem for _, found in self.sentences for word in found}

    @cached_property
    def question_stems(self) -> set[str]:
        return words.stems(self.question)

    @cached_property
    def document_sentences(self) -> list[tuple[str, list[words.Word]]]:
        pairs = (
            (sentence, words.content_words(sentence))
            for document in self.documents
            for sentence in words.sentences(document)
        )
        return [(sentence, found) for sentence, found in pairs if found]

    @cached_property
    def document_stems(self) -> set[str]:
        return {word.stem for _, found in self.document_sentences for word in found}

    @cached_property
    def language(self) -> str:
        return words.language(self.text)

    @cached_property
    def declined(self) -> Declined | None:
        """How the answer declines to answer, if it does. In a story, "I don't know" is not the model's word."""
        declined = refusals.find(self.text, self.language)
        return None if declined and declined.kind == "not_found" and self.is_invention else declined

    @cached_property
    def is_invention(self) -> bool:
        """Whether the question asks for something to be made up, drafted or rewritten."""
        known = languages.candidates(self.language)
        return bool(self.question) and any(language.invention.search(self.question) for language in known)


class Verdict(NamedTuple):
    """``value`` is 0–1, higher is better; ``label`` names what was found, ``comment`` says why in a sentence."""

    value: float
    label: str
    comment: str = ""


class Unjudged(NamedTuple):
    """Why an evaluator has nothing to say. There is then no score, never a default."""

    reason: str


@dataclass(frozen=True, slots=True)
class Evaluator:
    """One way to judge. Deterministic; who changes its verdicts raises ``version``, and old scores stay told apart."""

    name: str
    version: int
    judge: Callable[[Answer], Verdict | Unjudged]
    #: The score names that it writes.
    scores: tuple[str, ...]
    #: For people, on the page: what it looks at, and what it cannot see.
    looks_at: str
    limits: str

    @property
    def key(self) -> str:
        return f"{self.name}/{self.version}"


def shortened(text: str, most: int = 90) -> str:
    """A text for a comment, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def along(value: float, *points: tuple[float, float]) -> float:
    """The value on the line through these points, flat beyond the first and the last."""
    before = points[0]
    if value <= before[0]:
        return before[1]
    for point in points[1:]:
        if value <= point[0]:
            share = (value - before[0]) / (point[0] - before[0])
            return before[1] + share * (point[1] - before[1])
        before = point
    return before[1]
