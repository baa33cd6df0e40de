"""Work that makes way."""

import pytest

from core.pace import Paced


def test_it_takes_no_more_than_its_share_of_the_time():
    now, runs = [100.0], []

    def work() -> None:
        runs.append(now[0])
        now[0] += 2

    paced = Paced(work, share=0.1, clock=lambda: now[0])
    for _ in range(50):
        paced()
        now[0] += 1
    assert runs == [100.0, 120.0, 140.0]


def test_quick_work_runs_whenever_asked():
    runs = []
    paced = Paced(lambda: runs.append(1), share=0.1, clock=lambda: 5.0)
    for _ in range(5):
        paced()
    assert len(runs) == 5


def test_it_rests_after_a_failure_too():
    now = [100.0]

    def fail() -> None:
        now[0] += 1
        raise ValueError

    paced = Paced(fail, share=0.5, clock=lambda: now[0])
    with pytest.raises(ValueError):
        paced()
    paced()
