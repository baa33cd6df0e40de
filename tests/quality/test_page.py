"""The quality page as the people who use it see it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.models import Project
from quality.run import SETTLE, Evaluation
from telemetry import commit, store
from telemetry.store import StoreUnavailable
from tests.people import make_alice, make_bob, make_charlie
from tests.quality.factories import BAD, GOOD, make_trace, store_score, store_traces

PAGE, CSV = "/quality/", "/quality/table.csv"


@pytest.fixture
def alice(client, judged_project):
    client.force_login(make_alice(judged_project))
    return client


def ago(**length) -> datetime:
    return datetime.now(UTC) - timedelta(**length)


def judge(*traces) -> None:
    store_traces(*traces)
    Evaluation().run(datetime.now(UTC) + SETTLE + timedelta(milliseconds=5))
    commit.settle()


def scores(project, name, values, at, **more) -> None:
    for value in values:
        store_score(project, name, value, at, **more)
    commit.settle()


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.content
    return " ".join(answer.content.decode().split())


def links(answer) -> list[dict[str, list[str]]]:
    found = [part.split('"')[0].replace("&amp;", "&") for part in answer.content.decode().split('href="')[1:]]
    return [parse_qs(urlsplit(one).query, keep_blank_values=True) for one in found if one.startswith("/traces/?")]


def figure(answer, name) -> dict:
    text = answer.content.decode().split(f'<script id="{name}-data" type="application/json">')[1].split("</script>")[0]
    return json.loads(text)


def test_bob_sees_it_too_and_charlie_does_not(client, alice, project):
    for person, status in ((make_bob(project), 200), (make_charlie(), 404)):
        client.force_login(person)
        assert client.get(f"{PAGE}?project=default").status_code == status
        assert client.get(f"{CSV}?project=default").status_code == status
    client.logout()
    assert client.get(PAGE).status_code == 302
    assert client.get(CSV).status_code == 302


def test_only_admins_are_led_to_the_sampling_rate(client, alice, project):
    assert "Change the sampling rate" in text_of(alice.get(PAGE))
    client.force_login(make_bob(project))
    assert "Change the sampling rate" not in text_of(client.get(PAGE))


def test_an_empty_project_says_how_scores_come(alice):
    page = text_of(alice.get(PAGE))
    assert "No scores in this range" in page and "100 % of answers" in page and "POST /api/v1/scores" in page
    assert "groundedness/1" in page and "It compares words, not meaning" in page


def test_it_shows_the_verdicts_with_sample_and_uncertainty(alice, project):
    judge(*(make_trace(project, GOOD) for _ in range(8)), *(make_trace(project, BAD) for _ in range(2)))
    answer = alice.get(PAGE)
    page = text_of(answer)
    assert "n = 10" in page and "0.81" in page
    assert "Asked:</span> How long do I have to return a book?" in page
    assert "couriers collect it every Sunday" in page
    # Correctness and groundedness say it in the same words: once for each of the two answers.
    assert page.count("sentences not found in the documents") == 2
    trend, distribution = figure(answer, "quality-trend"), figure(answer, "quality-distribution")
    assert [trace["name"] for trace in trend["data"]] == ["95 % upper bound", "95 % lower bound", "overall"]
    assert sum(distribution["data"][0]["y"]) == 10


def test_every_number_leads_to_its_traces(alice, project):
    judge(make_trace(project, BAD, feature="chat & more"))
    answer = alice.get(f"{PAGE}?range=6h&dimension=correctness")
    assert {"project": ["default"], "range": ["6h"], "score": ["correctness"], "feature": ["chat & more"]} in links(
        answer
    )
    assert {
        "project": ["default"], "range": ["6h"], "score": ["correctness"], "score_below": ["0.5"],
        "feature": ["chat & more"],
    } in links(answer)  # fmt: skip


@pytest.mark.parametrize(
    ("by", "more"),
    [
        ("feature", {"feature": "search"}),
        ("model", {"model": "gpt-x"}),
        ("prompt_version", {"prompt_version": "v77"}),
        ("variant", {"variant": "bold"}),
        ("topic", {"topic": "parcel delivery"}),
    ],
)
def test_it_groups_by(alice, project, by, more):
    scores(project, "overall", [0.25, 0.75], ago(minutes=5), **more)
    scores(project, "overall", [0.9], ago(minutes=5))
    rows = list(csv.DictReader(io.StringIO(alice.get(f"{CSV}?by={by}").content.decode())))
    assert [(row[by], float(row["mean"]), row["scores"]) for row in rows] == [(more[by], 0.5, "2"), ("", 0.9, "1")]
    assert more[by] in text_of(alice.get(f"{PAGE}?by={by}"))


def test_it_compares_only_as_far_as_the_evidence_goes(alice, project):
    scores(project, "overall", [0.2, 0.3] * 10, ago(minutes=5), feature="worse")
    scores(project, "overall", [0.8, 0.9] * 10, ago(minutes=5, days=1), feature="worse")
    scores(project, "overall", [0.5, 0.9], ago(minutes=5), feature="unclear")
    scores(project, "overall", [0.4, 0.9], ago(minutes=5, days=1), feature="unclear")
    page = text_of(alice.get(PAGE))
    assert "▼ 0.60" in page
    assert "not enough evidence yet (n = 2 of" in page
    verdicts = {row["feature"]: row["verdict"] for row in csv.DictReader(io.StringIO(alice.get(CSV).content.decode()))}
    assert verdicts == {"worse": "worse", "unclear": "not enough evidence yet"}


def test_it_sets_variants_side_by_side(alice, project):
    scores(project, "overall", [0.5, 0.6] * 12, ago(minutes=5), variant="a")
    scores(project, "overall", [0.8, 0.9] * 10, ago(minutes=5), variant="b")
    scores(project, "overall", [0.5, 0.9], ago(minutes=5), variant="c")
    page = text_of(alice.get(PAGE))
    assert "against a, which has most scores" in page
    assert "▲ 0.30" in page and "(n = 2 of" in page


def test_scores_of_clients_and_users_count_the_same(alice, project):
    trace = make_trace(project, GOOD)
    judge(trace)
    ids = {"trace_id": trace[0].trace_id, "span_id": trace[2].span_id}
    scores(project, "thumbs", [1.0], trace[2].start_time, source="user", comment="Nice & <b>quick</b>", **ids)
    scores(project, "accuracy", [0.4], trace[2].start_time, source="client")
    page = text_of(alice.get(PAGE))
    assert "Nice &amp; &lt;b&gt;quick&lt;/b&gt;" in page and "<b>quick" not in page
    assert "Where users were content, the evaluators' overall score was 1.00 (n = 1)" in page.replace("&#x27;", "'")
    assert "0.40" in text_of(alice.get(f"{PAGE}?dimension=accuracy"))


def test_what_comes_from_outside_is_escaped(alice, project):
    evil = "<script>alert(1)</script>"
    scores(project, "overall", [0.1], ago(minutes=5), feature=evil, topic=evil, model=evil, label=evil, comment=evil)
    scores(project, evil, [0.1], ago(minutes=5))
    judge(make_trace(project, f"{evil} couriers fly to the moon on Sunday with gold", question=evil))
    for address in (
        PAGE,
        f"{PAGE}?dimension=%3Cscript%3Ealert(1)%3C/script%3E",
        f"{PAGE}?by=topic",
        f"{PAGE}?topic={evil}",
    ):
        assert "<script>alert" not in text_of(alice.get(address))
    scores(project, "overall", [0.1], ago(minutes=5), feature="=HYPERLINK(1)")
    assert "'=HYPERLINK(1)" in alice.get(CSV).content.decode()


def test_filters_narrow_and_what_scores_do_not_know_is_said(alice, project):
    scores(project, "overall", [0.2], ago(minutes=5), feature="a", topic="x")
    scores(project, "overall", [0.8], ago(minutes=5), feature="b", topic="y")
    assert "n = 2" in text_of(alice.get(PAGE))
    assert "0.20" in text_of(alice.get(f"{PAGE}?feature=a")) and "n = 1" in text_of(alice.get(f"{PAGE}?feature=a"))
    assert "n = 1" in text_of(alice.get(f"{PAGE}?topic=y"))
    assert "not kept by user_id" in text_of(alice.get(f"{PAGE}?user_id=u1"))
    assert "fits the filters" in text_of(alice.get(f"{PAGE}?feature=none-such"))


@pytest.mark.parametrize(
    "query", ["by=colour", "sort=size", "page=0", "page=x", "page=99999", "range=1y", "dimension=" + "x" * 101]
)
def test_a_query_that_makes_no_sense_is_answered_with_the_reason(alice, query):
    for path in (PAGE, CSV):
        answer = alice.get(f"{path}?{query}")
        assert answer.status_code == 400
        assert query.split("=")[0] in answer.content.decode()


def test_long_tables_have_pages_and_keep_their_order(alice, project):
    for number in range(20):
        store_score(project, "overall", number / 20, ago(minutes=5), feature=f"feature-{number:02}")
    commit.settle()
    first, second = text_of(alice.get(f"{PAGE}?sort=name")), text_of(alice.get(f"{PAGE}?sort=name&page=2"))
    assert "feature-00</a>" in first and "feature-19</a>" not in first and "sort=name&amp;page=2" in first
    assert "feature-19</a></th>" in second and "feature-00</a></th>" not in second
    assert alice.get(CSV).content.decode().count("feature-") == 20


def test_projects_are_kept_apart(alice, project):
    other = Project.objects.create(slug="other", name="Other")
    scores(other, "overall", [0.123], ago(minutes=5), feature="theirs")
    assert "theirs" not in text_of(alice.get(PAGE))


def test_values_beyond_one_are_drawn_too(alice, project):
    scores(project, "stars", [1.0, 4.0, 5.0, float(5)], ago(minutes=5))
    answer = alice.get(f"{PAGE}?dimension=stars")
    assert "3.75" in text_of(answer)
    assert sum(figure(answer, "quality-distribution")["data"][0]["y"]) == 4


def test_it_says_how_the_evaluators_are_doing(alice, project):
    judge(make_trace(project, GOOD), make_trace(project, GOOD, documents=[]))
    page = text_of(alice.get(PAGE))
    assert "2 answers judged so far" in page and "Nothing is waiting" in page
    assert "no retrieved documents with text: 1" in page
    assert "of processor time an answer, reading and storing included" in page
    store_traces(make_trace(project, GOOD))
    assert "1 waiting, behind by" in text_of(alice.get(PAGE))


def test_a_store_that_is_away_leaves_a_page(alice, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("gone")

    monkeypatch.setattr(store, "rows", away)
    answer = alice.get(f"{PAGE}?range=7d")
    assert answer.status_code == 503
    assert "Try again" in answer.content.decode()
    assert alice.get(CSV).status_code == 503
