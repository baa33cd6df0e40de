"""What each user has spent, from memory and from the tail."""

import threading
import time
from datetime import timedelta

import pytest

from core.money import NANO
from costs import ledger, queries
from costs.periods import PeriodBounds
from tests.costs.factories import NOW, spend

pytestmark = pytest.mark.django_db

DAY = PeriodBounds(NOW.replace(hour=0), NOW.replace(hour=0) + timedelta(days=1))


@pytest.fixture
def books(stores, project):
    book = ledger.Ledger()
    return lambda now=NOW: book.book("test", project.pk, DAY, now)


def test_settled_and_tail_make_the_whole(books, project):
    spend(project, NOW - timedelta(hours=5), 1, user_id="ada")
    spend(project, NOW - timedelta(hours=5), 4, user_id="bo")
    spend(project, NOW - timedelta(minutes=1), 2, user_id="ada")
    spend(project, NOW - timedelta(days=1), 9, user_id="ada")
    spend(project, NOW, 7, user_id="")
    book = books()
    assert book.settled.spent == {"ada": NANO, "bo": 4 * NANO} and book.tail == {"ada": 2 * NANO}
    assert [book.spent_by(user) for user in ("ada", "bo", "cy")] == [3 * NANO, 4 * NANO, 0]
    assert book.highest(1) == [("bo", 4 * NANO)]


def test_new_spend_counts_at_once(books, project):
    assert books().spent_by("ada") == 0
    spend(project, NOW, 1, user_id="ada")
    assert books().spent_by("ada") == NANO


def test_what_comes_late_counts_once_the_settled_is_read_again(books, project, monkeypatch):
    monkeypatch.setattr(ledger, "SETTLED_SECONDS", 0.0)
    assert books().spent_by("ada") == 0
    spend(project, NOW - timedelta(hours=5), 1, user_id="ada")
    books()
    for _ in range(100):
        if books().spent_by("ada"):
            break
        time.sleep(0.05)
    assert books().spent_by("ada") == NANO
    for thread in threading.enumerate():
        if thread.name == "ledger":
            thread.join()


def test_more_users_than_are_kept_are_asked_for(books, project, monkeypatch):
    monkeypatch.setattr(ledger, "MOST_USERS", 2)
    monkeypatch.setattr(ledger, "MOST_IN_TAIL", 2)
    for number in range(1, 6):
        spend(project, NOW - timedelta(hours=5), number, user_id=f"user-{number}")
        spend(project, NOW, 10 * number, user_id=f"user-{number}")
    book = books()
    assert [book.spent_by(f"user-{number}") for number in range(7)] == [0, *(11 * NANO * n for n in range(1, 6)), 0]
    assert book.highest(2) == [("user-5", 55 * NANO), ("user-4", 44 * NANO)]


def test_a_period_that_has_just_begun_has_nothing_settled(books, project):
    spend(project, DAY.start, 1, user_id="ada")
    book = books(DAY.start + timedelta(minutes=5))
    assert book.settled.spent == {} and book.spent_by("ada") == NANO


def test_the_read_of_one_user_equals_that_of_all(books, project):
    spend(project, NOW, 1, user_id="ada")
    (one,) = queries.user_spend(project.pk, DAY.start, DAY.end, user="ada")
    assert queries.user_spend(project.pk, DAY.start, DAY.end, limit=10) == [one]
