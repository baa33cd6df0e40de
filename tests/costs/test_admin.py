"""Setting budgets and prices in the admin, as the people who may."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Project, User
from core.clickhouse import StoreUnavailable
from costs import enrich
from costs.models import Budget, Price
from telemetry.span import Span
from tests.costs.factories import make_budget, spend
from tests.people import make_alice, make_bob, make_charlie, make_rosa

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_day")]

ADD, LIST = "admin:costs_budget_add", "admin:costs_budget_changelist"


@pytest.fixture(autouse=True)
def stored(stores):
    enrich.forget()


@pytest.fixture
def alice(client, project):
    client.force_login(make_alice(project))
    return client


def form(project, **changes):
    return {
        "project": project.pk, "name": "Daily", "enabled": "on", "scope": "project", "scope_value": "", "period": "day",
        "limit_usd": "10", "warn_at": "50, 80, 100", "notes": "",
    } | changes  # fmt: skip


def test_alice_sets_a_budget_and_sees_what_is_spent(alice, project):
    spend(project, datetime.now(UTC), "2.50")
    page = alice.get(reverse(ADD) + f"?project={project.slug}")
    assert f'<option value="{project.pk}" selected>' in page.content.decode()

    answer = alice.post(reverse(ADD), form(project, warn_at="80 %, 20"), follow=True)

    budget = Budget.objects.get()
    assert (budget.limit_usd, budget.warn_at, budget.period) == (Decimal(10), [20, 80], "day")
    text = answer.content.decode()
    for shown in ("Daily", "$10.00", "$2.50", "$7.50", "25 %", "Warning"):
        assert shown in text
    assert AuditEntry.objects.get().action == "budget.added"


def test_each_user_shows_who_spent_most(alice, project):
    spend(project, datetime.now(UTC), 1, user_id="ada")
    spend(project, datetime.now(UTC), 12, user_id="<b>bo</b>")
    alice.post(reverse(ADD), form(project, scope="user", scope_value="each"))
    text = alice.get(reverse(LIST)).content.decode()
    assert "each user, most: &lt;b&gt;bo&lt;/b&gt;" in text
    assert "$2.00 over" in text and "Used up" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"limit_usd": "0"}, "A budget needs a limit above zero."),
        ({"limit_usd": "much"}, "Enter a number."),
        ({"warn_at": "half"}, "Whole percentages, separated by commas"),
        ({"warn_at": ""}, "This field is required."),
        ({"warn_at": "0, 50"}, "Whole percentages above 0"),
        ({"scope": "feature"}, "Name one feature, or write “each”."),
        ({"scope_value": "ada"}, "Leave this empty for a budget of the whole project."),
    ],
)
def test_a_budget_that_makes_no_sense_is_sent_back(alice, project, changes, message):
    answer = alice.post(reverse(ADD), form(project, **changes))
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert not Budget.objects.exists()


def test_a_budget_can_be_changed_switched_off_and_deleted(alice, project):
    budget = make_budget(project)
    page = reverse("admin:costs_budget_change", args=[budget.pk])
    assert "$0.00 of $10.00 in this day" in alice.get(page).content.decode()
    data = form(project, name=budget.name, limit_usd="20")
    del data["enabled"]
    assert alice.post(page, data).status_code == 302
    budget.refresh_from_db()
    assert (budget.limit_usd, budget.enabled) == (20, False)
    assert "Off" in alice.get(reverse(LIST)).content.decode()
    alice.post(reverse("admin:costs_budget_delete", args=[budget.pk]), {"post": "yes"})
    assert not Budget.objects.exists()
    assert [entry.action for entry in AuditEntry.objects.all()] == ["budget.deleted", "budget.changed"]


def test_nobody_reaches_the_budgets_of_others(client, project):
    other = Project.objects.create(slug="other", name="Other")
    theirs = make_budget(other, name="Secret")
    client.force_login(make_alice(project))

    assert "Secret" not in client.get(reverse(LIST)).content.decode()
    assert client.get(reverse("admin:costs_budget_change", args=[theirs.pk])).status_code in (302, 403, 404)
    answer = client.post(reverse(ADD), form(other))
    assert "Select a valid choice" in answer.content.decode()
    assert Budget.objects.count() == 1


@pytest.mark.parametrize("make", [make_bob, make_rosa, lambda project: make_charlie()], ids=["bob", "rosa", "charlie"])
def test_who_administers_nothing_stays_out(client, project, make):
    budget = make_budget(project)
    client.force_login(make(project))
    for page in (reverse(LIST), reverse(ADD), reverse("admin:costs_budget_change", args=[budget.pk])):
        assert client.get(page).status_code in (302, 403)
    assert client.post(reverse(ADD), form(project)).status_code in (302, 403)
    assert Budget.objects.count() == 1


def test_the_list_stands_when_clickhouse_does_not(alice, project, monkeypatch):
    make_budget(project, name="Daily")

    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr("costs.queries.store.rows", away)
    answer = alice.get(reverse(LIST))
    assert answer.status_code == 200 and "Daily" in answer.content.decode()


def test_the_list_can_be_cut_to_what_is_used_up(alice, project):
    spend(project, datetime.now(UTC), 5, user_id="ada")
    make_budget(project, name="Calm", limit_usd=100)
    make_budget(project, name="Tight", limit_usd=5)
    text = alice.get(reverse(LIST) + "?state=over").content.decode()
    assert "Tight" in text and "Calm" not in text


def price_form(project, **changes):
    return {
        "project": project.pk if project else "", "provider": "", "model": "my-model", "service_tier": "",
        "above_input_tokens": "0", "valid_from": "2026-01-01", "input_price": "2.5", "cached_price": "",
        "cache_write_price": "", "output_price": "10", "reasoning_price": "", "notes": "",
    } | changes  # fmt: skip


def test_a_price_set_in_the_admin_holds_for_the_next_call(alice, project):
    answer = alice.post(reverse("admin:costs_price_add"), price_form(project), follow=True)
    assert "my-model" in answer.content.decode()
    call = Span(project_id=project.pk, trace_id="a", span_id="b", kind="llm", model="my-model",
                start_time=datetime(2026, 5, 1, tzinfo=UTC), input_tokens=1_000_000, output_tokens=100_000)  # fmt: skip
    enrich.price([call])
    assert (call.cost_nano, call.cost_source) == (3_500_000_000, "override")


def test_only_superusers_set_prices_for_every_project(client, project):
    client.force_login(make_alice(project))
    client.post(reverse("admin:costs_price_add"), price_form(None))
    assert not Price.objects.exists()
    client.force_login(User.objects.create_superuser("root"))
    client.post(reverse("admin:costs_price_add"), price_form(None))
    assert Price.objects.get().project is None
    client.force_login(User.objects.get(username="alice"))
    price = Price.objects.get()
    assert client.post(reverse("admin:costs_price_change", args=[price.pk]), price_form(project)).status_code != 200
    price.refresh_from_db()
    assert price.project is None


def test_the_same_price_twice_is_sent_back(alice, project):
    alice.post(reverse("admin:costs_price_add"), price_form(project))
    answer = alice.post(reverse("admin:costs_price_add"), price_form(project))
    assert "There is a price for this host" in answer.content.decode()
