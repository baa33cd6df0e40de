"""Groundedness: how much of the answer is in the documents that were retrieved for it. Pure.

Every sentence is looked up word by word: numbers weigh three times and names twice as much as other words, words
that the question brought count little. A sentence is supported as far as its words occur in the documents, all
together and close to each other; less where one denies what the other says, or a number is unknown. The score is
the mean over the sentences by the weight of their words.
"""

from __future__ import annotations

from collections import defaultdict

from quality.evaluators import languages
from quality.evaluators.answer import Answer, Evaluator, Unjudged, Verdict, along, shortened
from quality.evaluators.words import LANGUAGE_SAMPLE, Word, language

NUMBER_WEIGHT, SMALL_NUMBER_WEIGHT, NAME_WEIGHT = 3.0, 2.0, 2.0
FROM_QUESTION = 0.3
#: An answer with less weight than this makes no claim that could be looked up.
LEAST_WEIGHT = 3.0
#: Shares of the two ways to look up: anywhere in the documents, or within one sentence and its neighbour.
ANYWHERE, CLOSE = 0.5, 0.5
#: What is left of the support of a sentence that denies what its best match says, or the other way round.
CONTRADICTED = 0.3
#: No sentence with a number that stands nowhere in the documents is supported further than this.
UNKNOWN_NUMBER = 0.45
#: Below this closeness two sentences do not speak of the same thing, so that a denial says nothing.
SAME_MATTER = 0.6
#: Measured: an answer to another question reaches a support of 0.22 in one case of twenty (2,500 answers of HaluEval,
#: four documents each); the demo's answers, written freely from their documents, begin at 0.80.
SCALE = ((0.25, 0.0), (0.7, 1.0))
#: From this closeness a part of the sentence is taken from the other.
PARTLY_SAME = 0.25
#: A sentence below this support is named in the comment.
UNSUPPORTED = 0.5


def judge(answer: Answer) -> Verdict | Unjudged:
    if not answer.text:
        return Unjudged("no text")
    if not answer.document_stems:
        return Unjudged("no retrieved documents with text")
    if answer.declined and not answer.declined.answered_anyway:
        return Unjudged("declined to answer")
    if _languages_differ(answer):
        return Unjudged("answer and documents are in different languages")
    weighed = [
        (text, [(word, _weight(word, answer.question_stems)) for word in found]) for text, found in _claims(answer)
    ]
    total = sum(weight for _, pairs in weighed for _, weight in pairs)
    if total < LEAST_WEIGHT:
        return Unjudged("no claim that could be looked up")
    index = _Index(answer)
    supported = 0.0
    missing: list[tuple[float, str]] = []
    for text, pairs in weighed:
        weight = sum(weight for _, weight in pairs)
        support = index.support(text, pairs, weight)
        supported += weight * along(support, *SCALE)
        if support < UNSUPPORTED:
            missing.append((support, text))
    return _verdict(supported / total, missing, len(weighed))


def _verdict(value: float, missing: list[tuple[float, str]], sentences: int) -> Verdict:
    if not missing:
        return Verdict(value, "supported", "Every sentence is found in the retrieved documents.")
    worst = min(missing)[1]
    label = "unsupported" if value < 0.4 else "partly supported"
    return Verdict(
        value,
        label,
        f"{len(missing)} of {sentences} sentences not found in the documents, first of all: “{shortened(worst)}”",
    )


def _languages_differ(answer: Answer) -> bool:
    documents = language(" ".join(document[:LANGUAGE_SAMPLE] for document in answer.documents))
    return bool(answer.language and documents and answer.language != documents)


def _claims(answer: Answer) -> list[tuple[str, list[Word]]]:
    """Questions back to the user claim nothing."""
    return [(text, found) for text, found in answer.sentences if not text.endswith(("?", "？"))]


def _weight(word: Word, question: set[str]) -> float:
    weight = 1.0
    if word.is_number:
        weight = NUMBER_WEIGHT if len(word.stem) > 1 else SMALL_NUMBER_WEIGHT
    elif word.is_name:
        weight = NAME_WEIGHT
    return weight * FROM_QUESTION if word.stem in question else weight


class _Index:
    """The sentences of the documents by the words in them."""

    def __init__(self, answer: Answer) -> None:
        self._language = answer.language
        self._sentences = answer.document_sentences
        self._places: defaultdict[str, set[int]] = defaultdict(set)
        for place, (_, found) in enumerate(self._sentences):
            for word in found:
                self._places[word.stem].add(place)

    def support(self, text: str, pairs: list[tuple[Word, float]], weight: float) -> float:
        anywhere = 0.0
        close: defaultdict[int, float] = defaultdict(float)
        for word, each in pairs:
            places = self._places.get(word.stem)
            if not places:
                continue
            anywhere += each
            # A sentence stands for itself and the one after it: facts are often spread over two.
            for place in places | {place - 1 for place in places}:
                close[place] += each
        if not close:
            return 0.0
        best = max(close.values())
        support = (ANYWHERE * anywhere + CLOSE * best) / weight
        if any(word.is_number and word.stem not in self._places for word, _ in pairs):
            support = min(support, UNKNOWN_NUMBER)
        if best / weight >= SAME_MATTER and self._contradicts(text, weight, close):
            support *= CONTRADICTED
        return support

    def _contradicts(self, text: str, weight: float, close: dict[int, float]) -> bool:
        """Whether every sentence that speaks of the same thing denies what this one says, or the other way round.

        A denial may come from any sentence that a part of this one was taken from, so those are asked too.
        """
        denies = _has_denial(text, self._language)
        least = (PARTLY_SAME if denies else SAME_MATTER) * weight
        for place, each in close.items():
            if each >= least and any(
                _has_denial(self._sentences[at][0], self._language) == denies
                for at in (place, place + 1)
                if 0 <= at < len(self._sentences)
            ):
                return False
        return True


def _has_denial(sentence: str, language: str) -> bool:
    return any(each.negations.search(sentence) for each in languages.candidates(language))


EVALUATOR = Evaluator(
    name="groundedness",
    version=1,
    judge=judge,
    scores=("groundedness", "correctness"),
    looks_at="How much of what the answer says is found in the documents retrieved in its trace: words, names and "
    "numbers, sentence by sentence. Correctness is this same figure: support by the documents is the nearest thing to "
    "truth that can be measured without a model or a known answer.",
    limits="It compares words, not meaning. A free paraphrase scores too low; the right words in a wrong relation, or "
    "a wrong document, score too high. Answers without retrieved documents, refusals and answers in another language "
    "than their documents get no score.",
)
