"""The background run: what is sampled is judged once, whatever happens in between."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Project
from quality import answers, run
from quality.evaluators import registry
from quality.models import EvaluationCursor, TopicVocabulary
from quality.run import SETTLE, Evaluation
from telemetry import commit, store
from telemetry.dialects.otlp_logs import LogJoin
from telemetry.logs import amend
from telemetry.store import StoreUnavailable
from tests.quality.factories import BAD, GOOD, make_trace, messages, store_score, store_traces, stored_scores
from tests.telemetry.ingest.ask import ask, value


def soon() -> datetime:
    """A moment at which everything stored until now has settled."""
    return datetime.now(UTC) + SETTLE + timedelta(milliseconds=5)


def judge_all(evaluation: Evaluation | None = None) -> int:
    return (evaluation or Evaluation()).run(soon())


def by_name() -> dict[str, float]:
    return {name: mark for name, mark, _, _ in stored_scores()}


def test_it_judges_an_answer_by_the_documents_and_the_question_of_its_trace(judged_project):
    root, found, said = make_trace(
        judged_project,
        environment="prod",
        release="2.1",
        prompt_name="p",
        prompt_version="12",
        variant="b",
        user_id="u1",
    )
    store_traces((root, found, said))

    assert judge_all() == 1

    assert stored_scores() == [
        ("correctness", 1.0, "evaluator", "groundedness/1"),
        ("groundedness", 1.0, "evaluator", "groundedness/1"),
        ("helpfulness", 1.0, "evaluator", "helpfulness/1"),
        ("overall", 1.0, "evaluator", "overall/1"),
        ("relevance", 1.0, "evaluator", "relevance/1"),
        ("safety", 1.0, "evaluator", "safety/1"),
    ]
    assert ask(
        "SELECT DISTINCT trace_id, span_id, occurred_at, model, feature, user_id, environment, release, prompt_name,"
        " prompt_version, variant FROM scores"
    ) == [
        (
            said.trace_id,
            said.span_id,
            said.start_time,
            "gpt-4o-mini",
            "support-chat",
            "u1",
            "prod",
            "2.1",
            "p",
            "12",
            "b",
        )
    ]


def test_it_tells_a_made_up_answer_from_a_true_one(judged_project):
    store_traces(make_trace(judged_project, BAD))
    judge_all()
    assert by_name()["correctness"] == 0.0
    assert by_name()["overall"] < 0.2


def test_it_judges_once_however_often_it_runs(judged_project):
    store_traces(*(make_trace(judged_project) for _ in range(5)))
    evaluation = Evaluation()
    assert judge_all(evaluation) == 5
    before = stored_scores()
    assert judge_all(evaluation) == 0
    assert judge_all() == 0
    assert stored_scores() == before


def test_a_kill_before_the_cursor_moves_doubles_nothing(judged_project, monkeypatch):
    store_traces(*(make_trace(judged_project) for _ in range(5)))

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            judge_all()
    before = stored_scores()
    assert len(before) == 5 * 6
    commit.forget()

    assert judge_all() == 5
    assert stored_scores() == before
    assert value("SELECT sum(scores) FROM scores_1m") == len(before)


def test_two_workers_at_once_double_nothing(judged_project):
    store_traces(*(make_trace(judged_project) for _ in range(5)))
    first = run._cursors()
    judge_all()
    cursor = first[0]
    rows = answers.next_batch(cursor, soon())
    assert Evaluation()._judge(cursor, rows) == 5
    run._move(cursor, rows[-1].received_at, rows[-1].position)
    assert value("SELECT sum(scores) FROM scores_1m") == 5 * 6
    assert judge_all() == 0


def test_it_leaves_what_came_in_the_last_seconds(judged_project):
    store_traces(make_trace(judged_project))
    evaluation = Evaluation()
    assert evaluation.run(datetime.now(UTC)) == 0
    assert EvaluationCursor.objects.get(project=judged_project).received_at < datetime.now(UTC) - SETTLE
    assert judge_all(evaluation) == 1


def test_it_goes_through_many_answers_of_one_insert_in_batches(judged_project, monkeypatch):
    monkeypatch.setattr(answers, "BATCH", 4)
    store_traces(*(make_trace(judged_project) for _ in range(11)))
    assert value("SELECT uniqExact(received_at) FROM spans") == 1
    assert judge_all() == 11
    assert value("SELECT uniqExact(span_id) FROM scores") == 11


def test_it_stops_after_its_time_and_goes_on_next_time(judged_project, monkeypatch):
    monkeypatch.setattr(answers, "BATCH", 2)
    monkeypatch.setattr(run, "SECONDS_A_RUN", 0.0)
    store_traces(*(make_trace(judged_project) for _ in range(5)))
    evaluation = Evaluation()
    assert judge_all(evaluation) == 0
    monkeypatch.setattr(run, "SECONDS_A_RUN", 1e-9)
    judged = [judge_all(evaluation) for _ in range(4)]
    monkeypatch.setattr(run, "SECONDS_A_RUN", 5.0)
    assert sum(judged) + judge_all(evaluation) == 5


def test_it_keeps_projects_apart(judged_project):
    other = Project.objects.create(slug="other", name="Other", evaluation_share=1.0)
    store_traces(make_trace(judged_project, GOOD), make_trace(other, BAD))
    assert judge_all() == 2
    means = dict(ask("SELECT project_id, avg(value) FROM scores WHERE name = 'correctness' GROUP BY project_id"))
    assert means == {judged_project.pk: 1.0, other.pk: 0.0}


def test_it_leaves_alone_what_the_sender_has_scored(judged_project):
    trace = make_trace(judged_project)
    store_traces(trace)
    store_score(judged_project, "overall", 0.3, trace[2].start_time, trace_id=trace[0].trace_id, span_id="")
    judge_all()
    assert ask("SELECT value, source FROM scores WHERE name = 'overall'") == [(0.3, "client")]


def test_feedback_of_a_user_does_not_silence_the_evaluators(judged_project):
    trace = make_trace(judged_project)
    store_traces(trace)
    store_score(judged_project, "overall", 0.0, trace[2].start_time, trace_id=trace[0].trace_id, source="user")
    judge_all()
    assert ask("SELECT source FROM scores WHERE name = 'overall' ORDER BY source") == [("evaluator",), ("user",)]


def test_what_is_not_sampled_is_not_judged(judged_project):
    judged_project.evaluation_share = 0
    judged_project.save()
    store_traces(make_trace(judged_project))
    assert judge_all() == 0


def test_it_says_why_an_evaluator_was_silent(judged_project):
    store_traces(make_trace(judged_project, documents=[]), make_trace(judged_project))
    judge_all()
    cursor = EvaluationCursor.objects.get(project=judged_project)
    assert cursor.tallies["groundedness/1"] == {"judged": 1, "no retrieved documents with text": 1}
    assert cursor.tallies["safety/1"] == {"judged": 2}
    assert (cursor.answers, cursor.last_error) == (2, "")
    assert cursor.cpu_ms > 0
    assert cursor.last_evaluated_at is not None


def test_one_answer_that_breaks_an_evaluator_stops_nothing(judged_project, monkeypatch, caplog):
    store_traces(make_trace(judged_project, "break me"), make_trace(judged_project))
    judge = registry.judge

    def fragile(answer):
        if answer.text == "break me":
            raise ZeroDivisionError("no good")
        return judge(answer)

    monkeypatch.setattr(registry, "judge", fragile)
    assert judge_all() == 2
    cursor = EvaluationCursor.objects.get(project=judged_project)
    assert "ZeroDivisionError: no good" in cursor.last_error
    assert cursor.tallies["safety/1"] == {"judged": 1, "failed": 1}
    assert value("SELECT uniqExact(span_id) FROM scores") == 1


def test_a_store_that_is_away_is_noted_and_tried_again(judged_project, monkeypatch):
    store_traces(make_trace(judged_project))

    def away(*_, **__):
        raise StoreUnavailable("gone fishing")

    with monkeypatch.context() as patch:
        patch.setattr(store, "rows", away)
        assert judge_all() == 0
    cursor = EvaluationCursor.objects.get(project=judged_project)
    assert cursor.last_error == "gone fishing"
    assert judge_all() == 1


def test_it_finds_what_became_visible_after_the_cursor_had_passed(judged_project):
    evaluation = Evaluation()
    store_traces(make_trace(judged_project))
    judge_all(evaluation)
    EvaluationCursor.objects.update(received_at=datetime.now(UTC) + timedelta(minutes=1))
    store_traces(make_trace(judged_project))
    assert judge_all(evaluation) == 0
    assert evaluation.look_for_missed() == 1
    assert evaluation.look_for_missed() == 0
    assert value("SELECT sum(scores) FROM scores_1m") == 2 * 6


def test_an_answer_too_long_to_read_is_said_to_be(judged_project):
    store_traces(make_trace(judged_project, "word " * (answers.MOST_BYTES // 4)))
    assert judge_all() == 1
    assert stored_scores() == []
    cursor = EvaluationCursor.objects.get(project=judged_project)
    assert cursor.tallies["safety/1"] == {"answer too long to read": 1}


def test_scores_carry_the_topic_of_their_question(judged_project):
    store_traces(*(make_trace(judged_project, question=f"Where is my parcel number {n}?") for n in range(6)))
    evaluation = Evaluation()
    judge_all(evaluation)
    assert ask("SELECT DISTINCT topic FROM scores") == [("parcel",)]
    evaluation.vocabularies.save_all()
    assert TopicVocabulary.objects.get(project=judged_project).questions == 6

    store_traces(make_trace(judged_project, question="Has the parcel left?"))
    judge_all(Evaluation())
    assert ask("SELECT DISTINCT topic FROM scores") == [("parcel",)]


@pytest.mark.parametrize(
    ("given", "root", "expected"),
    [
        (messages("user", "Who wrote Emma?"), "", "Who wrote Emma?"),
        ("Who wrote Emma?", "", "Who wrote Emma?"),
        ("Books bought online can be returned within 30 days of delivery.\n\nQuestion: Who wrote Emma?\nAnswer:", "",
         "Who wrote Emma?"),
        ("Kontext: Books bought online can be returned within 30 days of delivery.\n\n### Frage: Wer schrieb Emma?", "",
         "Wer schrieb Emma?"),
        ("Books bought online can be returned within 30 days of delivery.", messages("user", "Who wrote Emma?"),
         "Who wrote Emma?"),
        ("Rules.\n\n" + "Blah blah. " * 80 + "\n\nWho wrote Emma?", "", "Who wrote Emma?"),
        ("", messages("user", "Who wrote Emma?"), "Who wrote Emma?"),
    ],
)  # fmt: skip
def test_it_finds_the_question_in_the_prompt_that_was_built_around_it(judged_project, given, root, expected):
    first, found, said = make_trace(judged_project)
    said.input, first.input = given, root
    store_traces((first, found, said))
    cursor = EvaluationCursor.objects.get_or_create(project=judged_project)[0]
    (each,) = answers.complete(judged_project.pk, answers.next_batch(cursor, soon()))
    assert each.answer.question == expected


def test_documents_found_after_the_answer_do_not_support_it(judged_project):
    root, found, said = make_trace(judged_project)
    found.start_time = said.start_time + timedelta(seconds=5)
    store_traces((root, found, said))
    judge_all()
    assert "correctness" not in by_name()


@pytest.mark.parametrize("judged_before", [False, True])
def test_it_judges_an_answer_whose_text_came_in_a_later_log_record(judged_project, judged_before):
    evaluation = Evaluation()
    root, found, said = make_trace(judged_project)
    spoken, said.output = said.output, ""
    store_traces((root, found, said))
    if judged_before:
        assert judge_all(evaluation) == 0
    amend.take(
        [LogJoin(judged_project.pk, said.trace_id, said.span_id, "", said.start_time, fields={"output": spoken})]
    )
    assert judge_all(evaluation) == 1
    assert by_name()["overall"] == 1.0
    assert {row[0] for row in ask("SELECT DISTINCT model FROM scores")} == {"gpt-4o-mini"}
    assert judge_all(evaluation) == 0
    assert judge_all() == 0
