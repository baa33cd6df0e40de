"""What people decide about money: prices of their own and budgets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models

from accounts.models import Project
from core.money import to_nano

#: Room for eighteen digits, nine of them behind the point: dollars to the nano-dollar.
PRICE_DIGITS = {"max_digits": 18, "decimal_places": 9, "validators": [MinValueValidator(Decimal(0))]}


class Price(models.Model):
    """A price of the operator's own, in dollars per million tokens; consulted before the published price book.

    Of several that fit a call, the most particular holds: the project's own before everybody's, the longer model
    pattern before the shorter, a named host before any, then the newest that is already valid.
    """

    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="prices",
        help_text="Empty: for every project.",
    )
    provider = models.CharField(
        "host",
        max_length=64,
        blank=True,
        default="",
        help_text="Who runs the model, as its traces say: openai, azure, aws.bedrock, my-gateway… Empty: any host.",
    )
    model = models.CharField(
        "model",
        max_length=200,
        help_text="The model's name as its traces say; * stands for any characters: gpt-4o-mini, llama-3*, */my-model.",
    )
    service_tier = models.CharField(
        max_length=32,
        blank=True,
        default="",
        help_text="flex, priority, batch… Empty: every tier without a price of its own.",
    )
    above_input_tokens = models.PositiveIntegerField(
        "from a context above",
        default=0,
        help_text="Where long input costs more: this price holds for calls with more input tokens than this.",
    )
    valid_from = models.DateField(
        default=date(2000, 1, 1),
        help_text="The first day (UTC) on which calls cost this; earlier calls keep their price.",
    )
    input_price = models.DecimalField("input", **PRICE_DIGITS, help_text="Dollars per million tokens.")
    cached_price = models.DecimalField(
        "cached input", **PRICE_DIGITS, null=True, blank=True, help_text="Empty: as input."
    )
    cache_write_price = models.DecimalField(
        "cache write", **PRICE_DIGITS, null=True, blank=True, help_text="Empty: as input."
    )
    output_price = models.DecimalField(
        "output", **PRICE_DIGITS, default=Decimal(0), help_text="Dollars per million tokens; 0 for embeddings."
    )
    reasoning_price = models.DecimalField(
        "reasoning", **PRICE_DIGITS, null=True, blank=True, help_text="Empty: as output."
    )
    notes = models.CharField(max_length=200, blank=True, default="", help_text="Where this price comes from.")
    #: Tells every process that its copy of the prices is old.
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["model", "provider", "-valid_from", "above_input_tokens"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "provider", "model", "service_tier", "above_input_tokens", "valid_from"],
                name="one_price_at_a_time",
                nulls_distinct=False,
                violation_error_message="There is a price for this host, model, tier and day already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" if self.provider else self.model


def default_warnings() -> list[int]:
    return [50, 80, 100]


class Budget(models.Model):
    """How much may be spent in each period, by the whole project or by one (or each) user, feature or model."""

    class Scope(models.TextChoices):
        PROJECT = "project", "The whole project"
        USER = "user", "A user"
        FEATURE = "feature", "A feature"
        MODEL = "model", "A model"

    class Period(models.TextChoices):
        HOUR = "hour", "Hour"
        DAY = "day", "Day"
        WEEK = "week", "Week (from Monday)"
        MONTH = "month", "Month"

    #: The scope value that makes one budget for every single user, feature or model.
    EACH = "each"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="budgets")
    name = models.CharField(max_length=120)
    scope = models.CharField("who spends", max_length=8, choices=Scope, default=Scope.PROJECT)
    scope_value = models.CharField(
        "which one",
        max_length=200,
        blank=True,
        default="",
        help_text="The user, feature or model as its traces name it, or “each”: every one gets the same budget. "
        "Empty for the whole project.",
    )
    period = models.CharField(
        max_length=5,
        choices=Period,
        default=Period.DAY,
        help_text="Starts anew at midnight and so on, in the project's time zone.",
    )
    limit_usd = models.DecimalField(
        "limit in dollars",
        max_digits=18,
        decimal_places=6,
        validators=[MinValueValidator(Decimal("0.000001"), "A budget needs a limit above zero.")],
    )
    warn_at = models.JSONField(
        "warn at", default=default_warnings, help_text="Percent of the limit, rising: 50, 80, 100."
    )
    enabled = models.BooleanField(default=True)
    notes = models.TextField(blank=True, default="", help_text="Who agreed to it, what to do when it is used up.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["project", "scope", "name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_budget_of_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def limit_nano(self) -> int:
        return to_nano(self.limit_usd)

    @property
    def is_each(self) -> bool:
        """One budget for every value of the scope."""
        return self.scope != self.Scope.PROJECT and self.scope_value == self.EACH

    def clean(self) -> None:
        self.scope_value = self.scope_value.strip()
        if self.scope == self.Scope.PROJECT:
            if self.scope_value not in {"", "*"}:
                raise ValidationError({"scope_value": "Leave this empty for a budget of the whole project."})
            self.scope_value = ""
        elif self.scope_value in {"", "*"}:
            raise ValidationError({"scope_value": f"Name one {self.scope}, or write “each”."})
        is_list = isinstance(self.warn_at, list) and self.warn_at
        if not is_list or not all(type(share) is int and 0 < share <= 1000 for share in self.warn_at):
            raise ValidationError({"warn_at": "Whole percentages above 0, for example 50, 80, 100."})
        self.warn_at = sorted(set(self.warn_at))
