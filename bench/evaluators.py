"""How far the offline evaluators agree with people, and what they cost.

    python -m bench.evaluators halueval.jsonl

The file has one JSON object a line with ``user_query``, ``chatgpt_response`` and ``hallucination`` (``yes`` or ``no``,
a person's label): the shape of HaluEval's general data. Three things are measured:

1. Against the labels: does a low score point at the answers that people called hallucinated?
2. Against answers to other questions: does relevance tell a fitting answer from one that was dealt out at random?
3. Against altered answers: does groundedness tell sentences of a document from the same with other numbers and names?

AUC is the chance that a good answer scores above a bad one: 0.5 is a coin, 1 is perfect. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from quality.evaluators import registry
from quality.evaluators.answer import Answer, Unjudged
from quality.evaluators.groundedness import EVALUATOR as GROUNDEDNESS
from quality.evaluators.relevance import EVALUATOR as RELEVANCE
from quality.evaluators.words import sentences

#: A score below this counts as "flagged".
FLAGGED = 0.5
SEED = 7
DISTRACTORS = 3


class Row(NamedTuple):
    question: str
    answer: str
    hallucinated: bool


def read(path: Path) -> list[Row]:
    with path.open() as file:
        return [
            Row(row["user_query"], row["chatgpt_response"], row["hallucination"].strip().lower() == "yes")
            for row in map(json.loads, file)
        ]


def auc(good: Sequence[float], bad: Sequence[float]) -> float:
    """The chance that one of ``good`` lies above one of ``bad``; ties count half."""
    ranked = sorted([(value, True) for value in good] + [(value, False) for value in bad])
    rank_sum, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        rank_sum += (at + 1 + end) / 2 * sum(is_good for _, is_good in ranked[at:end])
        at = end
    return (rank_sum - len(good) * (len(good) + 1) / 2) / (len(good) * len(bad))


def line(name: str, good: Sequence[float], bad: Sequence[float]) -> str:
    """A table row; precision and recall are those of "flagged" for finding the bad."""
    flagged_good, flagged_bad = sum(v < FLAGGED for v in good), sum(v < FLAGGED for v in bad)
    flagged = flagged_good + flagged_bad
    precision = f"{flagged_bad / flagged:.2f}" if flagged else "–"
    return (
        f"| {name} | {len(good) + len(bad)} | {len(bad) / (len(good) + len(bad)):.2f} | {auc(good, bad):.2f} "
        f"| {flagged} | {precision} | {flagged_bad / len(bad):.2f} |"
    )


HEAD = """\
| score | judged | share bad | AUC | flagged (< 0.5) | precision | recall |
| --- | --- | --- | --- | --- | --- | --- |"""


def against_labels(rows: list[Row]) -> list[str]:
    values: dict[str, tuple[list[float], list[float]]] = {}
    times = []
    for row in rows:
        answer = Answer.of(row.answer, row.question)
        began = time.thread_time()
        judgement = registry.judge(answer)
        times.append((time.thread_time() - began) * 1000)
        for judged in judgement.scores:
            good_bad = values.setdefault(judged.score, ([], []))
            good_bad[row.hallucinated].append(judged.verdict.value)
    lines = [line(name, good, bad) for name, (good, bad) in sorted(values.items()) if good and bad]
    return [HEAD, *lines, "", _timing("without documents", times)]


def against_other_questions(rows: list[Row]) -> list[str]:
    chance = random.Random(SEED)
    others = rows[:]
    chance.shuffle(others)
    good = _relevance((row.question, row.answer) for row in rows)
    bad = _relevance(
        (row.question, other.answer) for row, other in zip(rows, others, strict=True) if row.question != other.question
    )
    return [HEAD, line("relevance", good, bad)]


def _relevance(pairs: object) -> list[float]:
    verdicts = (RELEVANCE.judge(Answer.of(answer, question)) for question, answer in pairs)  # type: ignore[attr-defined]
    return [verdict.value for verdict in verdicts if not isinstance(verdict, Unjudged)]


def against_alterations(rows: list[Row]) -> list[str]:
    chance = random.Random(SEED)
    answers = [row.answer for row in rows if len(row.answer) > 200]
    taken: list[float] = []
    altered: list[float] = []
    foreign: list[float] = []
    times = []
    for text in answers:
        documents = [text, *chance.sample(answers, DISTRACTORS)]
        chance.shuffle(documents)
        extract = " ".join(chance.sample(parts := sentences(text), k=max(1, len(parts) // 2)))
        for kept, candidate in (
            (taken, extract),
            (altered, _alter(extract, chance)),
            (foreign, chance.choice(answers)),
        ):
            if not candidate or (candidate in documents and kept is foreign):
                continue
            answer = Answer.of(candidate, documents=tuple(documents))
            began = time.thread_time()
            verdict = GROUNDEDNESS.judge(answer)
            times.append((time.thread_time() - began) * 1000)
            if not isinstance(verdict, Unjudged):
                kept.append(verdict.value)
    return [
        HEAD,
        line("sentences of a document, or of no document", taken, foreign),
        line("the same with other numbers and names", taken, altered),
        "",
        _timing("groundedness with four documents", times),
    ]


def _alter(text: str, chance: random.Random) -> str:
    """Every number and every name within a sentence is replaced; empty where there is none."""
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return str(int(match[0][:6]) + chance.randint(3, 40))

    def name(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return match[1] + "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3)).title()

    changed = re.sub(r"(?<=[a-z,] )()([A-Z][a-z]{2,})", name, re.sub(r"\d+", number, text))
    return changed if count else ""


def _timing(what: str, times: list[float]) -> str:
    slow = sorted(times)[int(len(times) * 0.95)]
    return f"Processor time, {what}: median {statistics.median(times):.2f} ms, 95th percentile {slow:.2f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.evaluators", description=__doc__.split("\n\n")[0])
    parser.add_argument("file", type=Path)
    rows = read(parser.parse_args().file)
    for title, measured in (
        ("Against people's labels (bad: hallucinated)", against_labels(rows)),
        ("Fitting answers against answers to other questions", against_other_questions(rows)),
        ("Sentences of a document against others", against_alterations(rows)),
    ):
        print(f"\n## {title}\n")
        print("\n".join(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
