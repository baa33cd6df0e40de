"""Prices from a file in LiteLLM's format."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from costs import enrich
from costs.models import Price
from telemetry.span import Span

pytestmark = pytest.mark.django_db

LISTING = {
    "sample_spec": {"input_cost_per_token": 1, "output_cost_per_token": 1},
    "my-model": {
        "litellm_provider": "openai", "mode": "chat",
        "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08,
        "input_cost_per_token_flex": 7.5e-08, "input_cost_per_token_batches": 7e-08,
    },
    "vertex_ai/long-model": {
        "litellm_provider": "vertex_ai",
        "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05,
        "input_cost_per_token_above_200k_tokens": 2.5e-06, "output_cost_per_token_above_200k_tokens": 1.5e-05,
    },
    "text-embedding-mine": {"litellm_provider": "openai", "input_cost_per_token": 2e-08, "output_cost_per_token": 0.0},
    "an-image-model": {"litellm_provider": "openai", "input_cost_per_pixel": 1e-08},
    "nonsense": "text",
}  # fmt: skip


@pytest.fixture(autouse=True)
def prices():
    enrich.forget()
    yield
    enrich.forget()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(LISTING))
    return str(path)


def cost(**changes):
    call = Span(**({"project_id": 0, "trace_id": "a", "span_id": "b", "kind": "llm", "provider": "openai",
                    "start_time": datetime(2026, 5, 1, tzinfo=UTC)} | changes))  # fmt: skip
    enrich.price([call])
    return call.cost_nano, call.cost_source


def test_what_is_sold_by_the_token_is_imported(file, capsys):
    call_command("import_prices", file)
    assert "3 models, 6 prices imported." in capsys.readouterr().out
    plain = Price.objects.get(model="my-model", service_tier="")
    assert (plain.input_price, plain.cached_price, plain.output_price) == (
        Decimal("0.15"), Decimal("0.075"), Decimal("0.6"),
    )  # fmt: skip
    assert cost(model="my-model", input_tokens=120, cached_tokens=64, output_tokens=30) == (31_200, "override")
    assert cost(model="my-model", service_tier="flex", input_tokens=1000) == (75_000, "override")
    assert cost(model="my-model", service_tier="batch", input_tokens=1000, output_tokens=10) == (76_000, "override")
    # Google's tier by context, under the name that its traces use for the host.
    long = {"provider": "gcp.vertex_ai", "model": "long-model"}
    assert cost(**long, input_tokens=200_000)[0] == 250_000_000
    assert cost(**long, input_tokens=200_001, output_tokens=1)[0] == 500_002_500 + 15_000


def test_importing_again_replaces_and_a_later_day_adds(file):
    call_command("import_prices", file, verbosity=0)
    call_command("import_prices", file, verbosity=0)
    assert Price.objects.count() == 6
    call_command("import_prices", file, valid_from=date(2026, 6, 1), host="openai")
    assert Price.objects.count() == 10


def test_a_project_may_have_prices_of_its_own(file, project):
    call_command("import_prices", file, project=project.slug)
    assert set(Price.objects.values_list("project", flat=True)) == {project.pk}


def test_a_dry_run_changes_nothing(file, capsys):
    call_command("import_prices", file, dry_run=True)
    assert "would be imported" in capsys.readouterr().out and not Price.objects.exists()


@pytest.mark.parametrize("text", ["[]", "{", "\x80"])
def test_a_file_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "prices.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError, match="prices.json"):
        call_command("import_prices", str(path))


def test_an_unknown_project_is_refused(file):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_prices", file, project="nowhere")
    with pytest.raises(CommandError):
        call_command("import_prices", "/no/such/file.json")
