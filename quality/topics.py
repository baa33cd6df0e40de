"""What a question is about, in one or two words that recur in the questions of the project.

Every question teaches the vocabulary its words and its pairs of words. The topic of a question is that of its words
which occurs in nearest to one question of twelve: rarer words would make topics of single questions, more common ones
a topic of everything. Once a word has named a topic often enough its label is fixed, with the companion that mostly
stands beside it ("machine learning"), and it is preferred from then on. A question has no topic while none of its
words has recurred.

Deterministic for a given vocabulary, cheap (a quarter of a millisecond at most), and readable, because topics are
people's own words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from quality.evaluators import languages
from quality.evaluators.words import stem

#: A word must occur in this many questions before it can be a topic.
RECURS = 3
#: The share of all questions that a topic best covers.
BEST_SHARE = 1 / 12
#: A companion stands beside the word in this share of its questions.
COMPANION = 0.6
#: With this many questions the label of a word is fixed.
LABEL_FIXED = 12
#: How much nearer to the best share another word must be (as a ratio of shares) to win against one with a fixed label.
STICKINESS = 1.5
#: Of a long question only the beginning is read: what follows is mostly quoted text.
MOST_WORDS = 14
#: Bounds of the vocabulary. Above them the rarest half is forgotten, and so is half of every count, so that topics
#: follow what people ask today.
MOST_STEMS, MOST_PAIRS = 4_000, 12_000
MOST_QUESTIONS = 20_000
#: Longer forms are cut in a label.
LONGEST = 24

_HAN = r"\u3400-\u9fff"
#: Addresses (which are left out), words with edges, and in scripts without them runs of Han or Katakana characters.
_TOKEN = re.compile(
    rf"https?://\S+|[{_HAN}]{{2,}}|[\u30a0-\u30ff]{{2,}}|[^\W\d_{_HAN}\u3040-\u30ff]+(?:['’-][^\W\d_]+)*"
)
_HAN_RUN = re.compile(rf"[{_HAN}]+")
#: A longer run of Han characters is several words.
_LONGEST_HAN_WORD = 4
_SILENT = frozenset(stem(word) for kind in ("instruction_words", "generic_words") for word in languages.every(kind))


@dataclass
class Word:
    """``count`` questions had it; ``form`` is how people mostly write it, by a majority of ``lead``."""

    count: int
    form: str
    lead: int = 0
    #: The topic's name once it is fixed.
    label: str = ""

    def see(self, form: str) -> None:
        self.count += 1
        if form == self.form:
            self.lead += 1
        elif self.lead:
            self.lead -= 1
        else:
            self.form = form


@dataclass
class Vocabulary:
    questions: int = 0
    words: dict[str, Word] = field(default_factory=dict)
    #: "stem stem", in the order in which people first wrote them -> questions in which both occurred.
    pairs: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, questions: int, words: dict[str, list[Any]], pairs: dict[str, int]) -> Vocabulary:
        return cls(questions, {each: Word(*values) for each, values in words.items()}, dict(pairs))

    def words_as_json(self) -> dict[str, list[Any]]:
        return {each: [word.count, word.form, word.lead, word.label] for each, word in self.words.items()}

    def learn(self, question: str) -> None:
        found = _telling_words(question)
        if not found:
            return
        self.questions += 1
        for each, form in found.items():
            self.words.setdefault(each, Word(0, form)).see(form)
        for one, other in combinations(found, 2):
            pair = self._pair(one, other)
            self.pairs[pair] = self.pairs.get(pair, 0) + 1
        if len(self.words) > MOST_STEMS or len(self.pairs) > MOST_PAIRS or self.questions > MOST_QUESTIONS:
            self._forget()

    def topic(self, question: str) -> str:
        """The label, or empty while no word of the question has recurred."""
        known = [each for each in _telling_words(question) if each in self.words and self.words[each].count >= RECURS]
        if not known:
            return ""
        return self._label(min(known, key=lambda each: (self._distance(each), each)))

    def _distance(self, each: str) -> float:
        word = self.words[each]
        distance = abs(math.log(word.count / self.questions / BEST_SHARE))
        return distance - math.log(STICKINESS) if word.label else distance

    def _label(self, each: str) -> str:
        word = self.words[each]
        if not word.label and word.count >= LABEL_FIXED:
            word.label = self._with_companion(each, word)
        return word.label or word.form[:LONGEST]

    def _with_companion(self, each: str, word: Word) -> str:
        """Reads every pair, once in the life of a topic."""
        beside = [(count, pair) for pair, count in self.pairs.items() if each in pair.split(" ")]
        count, pair = max(beside, default=(0, ""))
        stems = pair.split(" ") if count >= COMPANION * word.count else [each]
        return " ".join(self.words[one].form[:LONGEST] for one in stems if one in self.words)

    def _pair(self, one: str, other: str) -> str:
        turned = f"{other} {one}"
        return turned if turned in self.pairs else f"{one} {other}"

    def _forget(self) -> None:
        self.questions //= 2
        kept = sorted(self.words, key=lambda each: self.words[each].count, reverse=True)[: MOST_STEMS // 2]
        self.words = {each: self.words[each] for each in kept if self.words[each].count > 1}
        for word in self.words.values():
            word.count //= 2
            word.lead //= 2
        common = sorted(self.pairs, key=self.pairs.__getitem__, reverse=True)[: MOST_PAIRS // 2]
        self.pairs = {pair: self.pairs[pair] // 2 for pair in common if self.pairs[pair] > 1}


def _telling_words(question: str) -> dict[str, str]:
    """Stem -> form, of the words that can name a subject, in order."""
    found: dict[str, str] = {}
    for token in _tokens(question):
        each = stem(token)
        if (len(each) > 2 or _HAN_RUN.match(each)) and each not in _SILENT:
            found.setdefault(each, token.casefold().replace("’", "'").removesuffix("'s"))
            if len(found) >= MOST_WORDS:
                break
    return found


def _tokens(question: str) -> Iterator[str]:
    for match in _TOKEN.finditer(question):
        token = match[0]
        if _HAN_RUN.match(token) and len(token) > _LONGEST_HAN_WORD:
            yield from (token[at : at + 2] for at in range(len(token) - 1))
        elif "://" not in token:
            yield token
