"""Which answers are looked at."""

import pytest
from django.db import DatabaseError

from accounts.models import Project
from quality import sampling
from telemetry.span import Span


def make_answer(project: Project, number: int, **more) -> Span:
    given = {"kind": "llm", "output": "An answer."}
    return Span(project.pk, f"{number:032x}", f"{number:016x}", **given | more)


def share(project: Project, value: float) -> None:
    project.evaluation_share = value
    project.save()


def test_it_takes_about_the_share_asked_for(project):
    share(project, 0.1)
    spans = [make_answer(project, number) for number in range(5000)]
    sampling.mark(spans)
    assert 0.08 < sum(span.sampled for span in spans) / len(spans) < 0.12


def test_it_takes_all_or_none(project):
    other = Project.objects.create(slug="other", name="Other", evaluation_share=0)
    share(project, 1)
    spans = [make_answer(project, number) for number in range(100)] + [make_answer(other, n) for n in range(100)]
    sampling.mark(spans)
    assert [span.sampled for span in spans] == [True] * 100 + [False] * 100


def test_it_takes_the_answers_of_a_trace_together_and_the_same_ones_again(project):
    share(project, 0.5)
    first = [make_answer(project, number) for number in range(50)]
    second = [make_answer(project, number) for number in range(50)]
    sampling.mark(first)
    sampling.mark(second)
    assert [span.sampled for span in first] == [span.sampled for span in second]
    assert {span.sampled for span in first} == {True, False}


@pytest.mark.parametrize("more", [{"kind": "chain"}, {"kind": "embedding"}, {"counted": False}, {"output": ""}])
def test_it_takes_answers_only(project, more):
    share(project, 1)
    span = make_answer(project, 1, **more)
    sampling.mark([span])
    assert not span.sampled


def test_it_goes_on_with_the_last_shares_while_sql_is_away(project, monkeypatch):
    share(project, 1)
    sampling.mark([make_answer(project, 1)])
    sampling._shares._fresh_until = 0

    def away(*_):
        raise DatabaseError("gone")

    monkeypatch.setattr(Project.objects, "values_list", away)
    span = make_answer(project, 2)
    sampling.mark([span])
    assert span.sampled
