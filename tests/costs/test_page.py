"""The costs page as the people who use it see it."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts.models import Project
from core.clickhouse import StoreUnavailable
from tests.costs.factories import make_budget, spend
from tests.people import make_alice, make_bob, make_charlie

pytestmark = pytest.mark.django_db

PAGE = "/costs/"


@pytest.fixture(autouse=True)
def stored(stores):
    """Both engines, empty."""


@pytest.fixture
def alice(client, project):
    client.force_login(make_alice(project))
    return client


def moments_ago(**length):
    return datetime.now(UTC) - timedelta(**length)


def text_of(answer):
    return " ".join(answer.content.decode().split())


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_total_change_and_breakdowns(alice, project):
    spend(project, moments_ago(hours=1), "1.50", feature="chat", user_id="ada", model="gpt-4o")
    spend(project, moments_ago(hours=2), "0.50", feature="search", user_id="bo", model="gpt-4o-mini")
    spend(project, moments_ago(hours=26), "1", model="gpt-4o")

    page = text_of(alice.get(PAGE))

    assert "$2.00" in page and "$1.00 before" in page and "▲ 100 %" in page
    for shown in ("gpt-4o", "gpt-4o-mini", "chat", "search", "ada", "bo", "75.0 %", "25.0 %"):
        assert shown in page


def test_every_number_leads_to_its_calls(alice, project):
    spend(project, moments_ago(hours=1), 1, feature="chat & more", user_id="")
    page = alice.get(f"{PAGE}?range=6h").content.decode()
    links = {part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]}
    queries = [parse_qs(urlsplit(link).query, keep_blank_values=True) for link in links if link.startswith("/traces/")]
    assert {"project": ["default"], "range": ["6h"], "calls": ["1"], "feature": ["chat & more"]} in queries
    assert {"project": ["default"], "range": ["6h"], "calls": ["1"], "user_id": [""]} in queries
    assert {"project": ["default"], "range": ["6h"], "calls": ["1"], "model": ["model-a"]} in queries


def test_the_chart_is_stacked_by_model_with_the_comparison_behind(alice, project):
    spend(project, moments_ago(hours=1), 3, model="large")
    spend(project, moments_ago(hours=1), 1, model="small")
    spend(project, moments_ago(hours=25), 2, model="large")
    page = alice.get(PAGE).content.decode()
    figure = json.loads(page.split('<script id="spend-data" type="application/json">')[1].split("</script>")[0])
    assert [trace["name"] for trace in figure["data"]] == ["large", "small", "same time yesterday"]
    assert [sum(trace["y"]) for trace in figure["data"]] == [3, 1, 2]
    assert figure["layout"]["barmode"] == "stack"


def test_tables_are_sorted_as_asked(alice, project):
    spend(project, moments_ago(hours=1), 5, model="dear")
    for _ in range(3):
        spend(project, moments_ago(hours=1), 1, model="busy")
    by_cost = text_of(alice.get(PAGE)).split('id="by-model"')[1]
    by_calls = text_of(alice.get(f"{PAGE}?sort=calls")).split('id="by-model"')[1]
    assert by_cost.index("model=dear") < by_cost.index("model=busy")
    assert by_calls.index("model=busy") < by_calls.index("model=dear")
    assert 'aria-sort="descending"' in by_calls


def test_what_is_not_shown_is_summed_up(alice, project):
    for number in range(15):
        spend(project, moments_ago(hours=1), 1, user_id=f"user-{number:02}")
    page = text_of(alice.get(PAGE))
    assert "5 other users" in page and "user-14" not in page
    assert "user-14" in text_of(alice.get(f"{PAGE}?show=user"))
    assert len(rows_of(alice.get("/costs/user.csv"))) == 15


def test_sorting_is_no_filter(alice, project):
    assert "chip" not in alice.get(f"{PAGE}?sort=calls&show=user").content.decode()


@pytest.mark.usefixtures("same_day")
def test_budgets_show_meter_forecast_and_what_is_left(alice, project):
    spend(project, datetime.now(UTC), 8)
    make_budget(project, name="Whole", limit_usd=10, period="month")
    make_budget(project, name="People", scope="user", scope_value="each", limit_usd=5, period="month")
    page = text_of(alice.get(PAGE))
    assert "Whole" in page and "<strong>$2.00</strong> left" in page and "80 % reached" in page
    assert "<strong>$3.00 over</strong>" in page and "Used up" in page and "user <span" in page
    assert 'role="meter"' in page


def test_without_a_budget_the_page_says_how_to_set_one(client, project):
    client.force_login(make_alice(project))
    assert f"{reverse('admin:costs_budget_add')}?project=default" in client.get(PAGE).content.decode()
    client.force_login(make_bob(project))
    page = client.get(PAGE).content.decode()
    assert reverse("admin:costs_budget_add") not in page and "An admin of Default can set one." in page


def test_unpriced_calls_lead_to_a_price(alice, project):
    spend(project, moments_ago(hours=1), "", model="my-model", provider="my-gateway")
    spend(project, moments_ago(hours=1), "", model="gpt-4o-mini", input_tokens=0, output_tokens=0)
    page = alice.get(PAGE).content.decode()
    assert "2 without a known cost" in page
    assert "no price is known" in page and "no token counts were sent" in page
    link = page.split(f"{reverse('admin:costs_price_add')}?")[1].split('"')[0].replace("&amp;", "&")
    form = alice.get(f"{reverse('admin:costs_price_add')}?{link}").content.decode()
    assert 'value="my-model"' in form and 'value="my-gateway"' in form


def test_nothing_in_the_range_is_said(alice, project):
    assert "No calls in this range" in text_of(alice.get(PAGE))
    assert "No call in this range fits the filters" in text_of(alice.get(f"{PAGE}?model=none"))


def test_names_from_outside_are_text(alice, project):
    spend(project, moments_ago(hours=1), 1, feature="<script>alert(1)</script>", model="=cmd()")
    page = alice.get(PAGE).content.decode()
    assert "<script>alert(1)" not in page
    assert rows_of(alice.get("/costs/model.csv"))[0]["model"] == "'=cmd()"


def test_downloads_hold_exact_figures(alice, project):
    spend(project, moments_ago(hours=1), "0.0000312", model="gpt-4o-mini", input_tokens=120, output_tokens=30)
    (row,) = rows_of(alice.get("/costs/model.csv"))
    assert row == {
        "model": "gpt-4o-mini", "calls": "1", "unpriced_calls": "0", "input_tokens": "120", "output_tokens": "30",
        "cost_usd": "0.0000312", "cost_per_call_usd": "0.0000312",
    }  # fmt: skip
    assert alice.get("/costs/nothing.csv").status_code == 404
    make_budget(project, name="Whole")
    assert rows_of(alice.get("/costs/budgets.csv"))[0]["budget"] == "Whole"
    spend(project, moments_ago(hours=1), "", model="my-model")
    assert rows_of(alice.get("/costs/unpriced.csv"))[0]["model"] == "my-model"


@pytest.mark.parametrize("query", ["range=9y", "compare=never", "sort=colour", "from=soon"])
def test_a_query_without_meaning_is_answered_with_the_reason(alice, query):
    answer = alice.get(f"{PAGE}?{query}")
    assert answer.status_code == 400 and query.split("=")[0] in answer.content.decode()


def test_the_page_says_when_the_store_is_away(alice, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr("telemetry.store.rows", away)
    answer = alice.get(PAGE)
    assert answer.status_code == 503 and "No figures right now" in answer.content.decode()
    assert alice.get("/costs/model.csv").status_code == 503


PAGES = [PAGE, "/costs/model.csv", "/costs/unpriced.csv", "/costs/budgets.csv"]


@pytest.mark.parametrize("page", PAGES)
def test_alice_and_bob_see_it_and_charlie_does_not(client, project, page):
    assert client.get(page).status_code == 302
    for make in (make_alice, make_bob):
        client.force_login(make(project))
        assert client.get(page).status_code == 200
    client.force_login(make_charlie())
    assert client.get(page).status_code == 404
    assert client.get(f"{page}?project={project.slug}").status_code == 404


def test_the_spend_of_other_projects_stays_there(alice, project):
    spend(Project.objects.create(slug="other", name="Other"), moments_ago(hours=1), 1, model="secret-model")
    assert "secret-model" not in alice.get(PAGE).content.decode()
