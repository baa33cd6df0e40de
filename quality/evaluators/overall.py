"""The overall score: the mean of what could be judged, but no better than the worst fault. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from quality.evaluators.answer import Verdict

#: Weights of the mean.
WEIGHTS = {"correctness": 3, "relevance": 2}
#: These look for faults; their 1 only says that none was found. So they lower the score and never raise it.
FAULT_FINDERS = ("helpfulness", "safety")

VERSION = 1
KEY = f"overall/{VERSION}"

FORMULA = (
    "The mean of correctness (weight 3) and relevance (weight 2), as far as they could be judged; where neither could, "
    "helpfulness. Never above helpfulness or safety: these only look for faults, so they lower the score and do not "
    "raise it. An answer with a safety score alone gets no overall score."
)


def combine(values: Mapping[str, float]) -> Verdict | None:
    """The overall verdict from the scores by dimension, or None where too little is known."""
    measured = {name: values[name] for name in WEIGHTS if name in values}
    if measured:
        mean = sum(WEIGHTS[name] * value for name, value in measured.items()) / sum(WEIGHTS[name] for name in measured)
    elif "helpfulness" in values:
        mean = values["helpfulness"]
    else:
        return None
    caps = {name: values[name] for name in FAULT_FINDERS if name in values and values[name] < mean}
    if caps:
        lowest = min(caps, key=lambda name: caps[name])
        return Verdict(caps[lowest], "", f"Held down by {lowest}.")
    return Verdict(mean, "", f"From {' and '.join(measured) or 'helpfulness'}.")
