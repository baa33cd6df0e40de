"""The demo starts with budgets; a project of one's own does not."""

import pytest

from accounts.models import Project
from costs.models import Budget
from costs.seed import seed
from tests.costs.factories import make_budget

pytestmark = pytest.mark.django_db


def test_the_demo_gets_budgets_once(project):
    demo = Project.objects.create(slug="demo", name="Demo", purpose=Project.Purpose.DEMO)
    for _ in range(2):
        seed(demo)
        seed(project)
    found = list(Budget.objects.all())
    assert {(each.project, each.scope) for each in found} == {(demo, "project"), (demo, "feature")}
    for budget in found:
        budget.full_clean()


def test_what_a_person_set_up_stays(db):
    demo = Project.objects.create(slug="demo", name="Demo", purpose=Project.Purpose.DEMO)
    make_budget(demo, name="Mine")
    seed(demo)
    assert [each.name for each in Budget.objects.all()] == ["Mine"]
