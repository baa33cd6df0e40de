"""Take prices from a file in LiteLLM's format: ``{"model": {"input_cost_per_token": 1e-06, …}, …}``."""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Project
from costs import enrich
from costs.models import Price

#: Price field -> the file's name for it, before the suffixes for context size and service tier.
FIELDS = {
    "input_price": "input_cost_per_token",
    "cached_price": "cache_read_input_token_cost",
    "cache_write_price": "cache_creation_input_token_cost",
    "output_price": "output_cost_per_token",
    "reasoning_price": "output_cost_per_reasoning_token",
}
_BY_NAME = {name: field for field, name in FIELDS.items()}
_KEY = re.compile(
    rf"(?P<name>{'|'.join(_BY_NAME)})(?:_above_(?P<thousands>\d+)k_tokens)?(?:_(?P<tier>flex|priority|batches))?"
)
_MILLION = Decimal(1_000_000)

#: Context above which a price holds, and the service tier -> price field -> dollars per million tokens.
Prices = dict[tuple[int, str], dict[str, Decimal]]


def prices_of(entry: Mapping[str, Any]) -> Prices:
    """The prices per token of one entry. A variant's missing prices are those of the entry without it."""
    found: Prices = defaultdict(dict)
    for key, price in entry.items():
        match = _KEY.fullmatch(key)
        if match is None or isinstance(price, bool) or not isinstance(price, int | float | Decimal) or price < 0:
            continue
        tier = {"batches": "batch"}.get(match["tier"] or "", match["tier"] or "")
        above = int(match["thousands"] or 0) * 1000
        found[above, tier][_BY_NAME[match["name"]]] = (Decimal(str(price)) * _MILLION).quantize(Decimal("1e-9"))
    plain = found.get((0, ""), {})
    if "input_price" not in plain:
        return {}
    return {variant: plain | found[0, variant[1]] | prices for variant, prices in found.items()}


def models_of(listing: Mapping[str, Any]) -> Iterator[tuple[str, str, Prices]]:
    """Host, model and prices of every entry that is sold by the token."""
    for name, entry in listing.items():
        if name == "sample_spec" or not isinstance(entry, dict):
            continue
        # Google's are named by kind (vertex_ai-anthropic_models), with one prefix for all of them.
        host = re.sub(r"^vertex_ai-.*", "vertex_ai", str(entry.get("litellm_provider", "")))
        if prices := prices_of(entry):
            yield host, name.removeprefix(f"{host}/"), prices


class Command(BaseCommand):
    help = "Import prices from a file in LiteLLM's format. They come before the published price book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="A model_prices_and_context_window.json, or one of your own in that form.")
        parser.add_argument("--project", help="Slug of the project that they are for; without it, for every project.")
        parser.add_argument("--valid-from", type=date.fromisoformat, default=date(2000, 1, 1), help="YYYY-MM-DD (UTC).")
        parser.add_argument("--host", help="Only the models of this host (the file's litellm_provider).")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be imported and stop.")

    def handle(self, *, file: str, project: str | None, valid_from: date, host: str | None, **options: Any) -> None:
        try:
            listing = json.loads(Path(file).read_text(), parse_float=Decimal)
        except (OSError, UnicodeDecodeError, ValueError) as wrong:
            raise CommandError(f"{file}: {wrong}") from wrong
        if not isinstance(listing, dict):
            raise CommandError(f"{file}: not an object of model names.")
        owner = Project.objects.filter(slug=project).first() if project else None
        if project and owner is None:
            raise CommandError(f"--project: there is no project {project!r}.")
        rows = [
            Price(
                project=owner,
                provider=provider,
                model=model,
                service_tier=tier,
                above_input_tokens=above,
                valid_from=valid_from,
                notes=f"Imported from {Path(file).name}"[:200],
                updated_at=timezone.now(),
                **prices,
            )
            for provider, model, variants in models_of(listing)
            if not host or provider == host
            for (above, tier), prices in variants.items()
        ]
        models = len({(row.provider, row.model) for row in rows})
        if not options["dry_run"]:
            _replace(rows, owner, valid_from)
            enrich.forget()
        self.stdout.write(f"{models} models, {len(rows)} prices{' would be' if options['dry_run'] else ''} imported.")


def _replace(rows: list[Price], owner: Project | None, valid_from: date) -> None:
    """What was imported for the same day before is replaced; prices of other days and models stay."""

    def identity(row: Price) -> tuple[str, str, str, int]:
        return row.provider, row.model, row.service_tier, row.above_input_tokens

    new = {identity(row) for row in rows}
    with transaction.atomic():
        present = Price.objects.filter(project=owner, valid_from=valid_from)
        old = [row.pk for row in present if identity(row) in new]
        for start in range(0, len(old), 500):
            Price.objects.filter(pk__in=old[start : start + 500]).delete()
        Price.objects.bulk_create(rows, batch_size=500)
