"""Relevance: whether the answer speaks of what was asked. Pure.

The share of the question's words with content that the answer takes up, compared with what answers to other
questions take up by chance. With retrieved documents, an answer that stays on their subject counts as well, for
they were found for this question.
"""

from __future__ import annotations

from quality.evaluators import languages
from quality.evaluators.answer import Answer, Evaluator, Unjudged, Verdict, along
from quality.evaluators.words import stem

#: Words that say what to do rather than what about.
_INSTRUCTIONS = frozenset(stem(word) for word in languages.every("instruction_words")) - {""}
#: Of a long question, which quotes what it is about, this many words taken up are plenty.
MOST_WORDS = 10
#: Shorter answers need not repeat the question: "Paris."
SHORT_ANSWER = 4
#: Share of the question's words taken up -> score. Answers to other questions reach 0.14 in one case of ten, the
#: middle of the fitting ones 0.6 (bench/evaluators.py).
SCALE = ((0.0, 0.1), (0.15, 0.4), (0.35, 0.8), (0.6, 1.0))
#: Share of the answer's words that are the documents' -> score. Chance reaches 0.2.
DOCUMENT_SCALE = ((0.2, 0.1), (0.6, 0.8))


def judge(answer: Answer) -> Verdict | Unjudged:
    if not answer.text:
        return Unjudged("no text")
    if not answer.question:
        return Unjudged("question unknown")
    asked = answer.question_stems - _INSTRUCTIONS or answer.question_stems
    if not asked:
        return Unjudged("question without content")
    if answer.declined and not answer.declined.answered_anyway:
        return Unjudged("declined to answer")
    if not answer.stems:
        return Unjudged("answer without content")
    taken_up = asked & answer.stems
    if not taken_up:
        if answer.is_invention:
            return Unjudged("a task that need not repeat its words")
        if len(answer.stems) < SHORT_ANSWER and not answer.document_stems:
            return Unjudged("answer too short to compare")
    value = along(len(taken_up) / min(len(asked), MOST_WORDS), *SCALE)
    comment = f"{len(taken_up)} of {len(asked)} words of the question are taken up."
    if answer.document_stems:
        share = len(answer.stems & answer.document_stems) / len(answer.stems)
        by_documents = along(share, *DOCUMENT_SCALE)
        if by_documents > value:
            value, comment = (
                by_documents,
                f"{share:.0%} of the answer's words are those of the documents found for the question.",
            )
    return Verdict(value, "on topic" if value >= 0.5 else "off topic", comment)


EVALUATOR = Evaluator(
    name="relevance",
    version=1,
    judge=judge,
    scores=("relevance",),
    looks_at="Whether the answer takes up the words of the question, or the subject of the documents found for it.",
    limits="It compares words, not meaning: synonyms score too low, an evasive answer in the question's words too "
    "high. Creative tasks and very short answers that share no word with the question, and refusals, get no score.",
)
