"""Quality stands on what is stored: these tests store through the real pipeline, without live figures."""

import pytest

from quality import run, sampling


@pytest.fixture(autouse=True)
def _fresh_shares():
    sampling.forget()
    yield
    sampling.forget()


@pytest.fixture
def judged_project(project, stores, settings, monkeypatch):
    """A project whose every answer is sampled, on empty stores; a run takes as long as a busy machine needs."""
    monkeypatch.setattr(run, "SECONDS_A_RUN", 60.0)
    settings.TELEMETRY_PIPELINE = ["quality.sampling.mark"]
    settings.TELEMETRY_AFTER_STORE = []
    project.evaluation_share = 1.0
    project.save()
    return project
