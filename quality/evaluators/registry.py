"""The evaluators, and all their verdicts on one answer."""

from __future__ import annotations

from typing import NamedTuple

from quality.evaluators import groundedness, helpfulness, overall, relevance, safety
from quality.evaluators.answer import Answer, Evaluator, Unjudged, Verdict

EVALUATORS: tuple[Evaluator, ...] = (
    groundedness.EVALUATOR,
    relevance.EVALUATOR,
    helpfulness.EVALUATOR,
    safety.EVALUATOR,
)


class Judged(NamedTuple):
    """One score to be stored: its name, who judged, and the verdict."""

    score: str
    evaluator: str
    verdict: Verdict


class Judgement(NamedTuple):
    scores: list[Judged]
    #: Evaluator -> why it had nothing to say.
    unjudged: dict[str, str]


def judge(answer: Answer) -> Judgement:
    """Every evaluator's verdict, and the overall score from them."""
    scores: list[Judged] = []
    unjudged: dict[str, str] = {}
    for evaluator in EVALUATORS:
        verdict = evaluator.judge(answer)
        if isinstance(verdict, Unjudged):
            unjudged[evaluator.key] = verdict.reason
        else:
            scores.extend(Judged(name, evaluator.key, verdict) for name in evaluator.scores)
    combined = overall.combine({judged.score: judged.verdict.value for judged in scores})
    if combined is not None:
        scores.append(Judged("overall", overall.KEY, combined))
    return Judgement(scores, unjudged)
