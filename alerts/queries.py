"""Questions about alerts and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, Q

from alerts.models import Alert, AlertQuerySet, Severity
from alerts.series import Series, Watch
from core.timerange import BadRange, TimeRange, parse_moment
from telemetry import store
from telemetry.span import CALL_KINDS, OPERATION_KINDS

EXAMPLES = 10


class Example(NamedTuple):
    """A trace that shows the problem. ``figure`` is in the unit of the series; for failures, milliseconds."""

    trace_id: str
    span_id: str
    start_time: datetime
    name: str
    what: str
    figure: float


_CALLS = {"kinds": sorted(CALL_KINDS), "error_type": ""}


def _question(watch: Watch) -> tuple[str, Mapping[str, Any]]:
    match watch.series:
        case Series.SCORE:
            return "alerts/examples_lowest", {"score": watch.subject}
        case Series.ERROR_RATE:
            return "alerts/examples_failed", _CALLS
        case Series.FAILURES:
            return "alerts/examples_failed", {"kinds": sorted(OPERATION_KINDS), "error_type": watch.subject}
        case Series.LATENCY_P50 | Series.LATENCY_P95 | Series.LATENCY_P99:
            return "alerts/examples_slowest", {}
    return "alerts/examples_costliest", {}


def _micros(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1_000_000)


def examples(watch: Watch, span: TimeRange, *, limit: int = EXAMPLES) -> list[Example]:
    """The traces that show best why the value is what it is: the failed, the slowest, the dearest, the worst judged."""
    question, parameters = _question(watch)
    where, values = watch.filters.sql()
    return store.rows(
        Example,
        question,
        where=where,
        project_id=watch.project_id,
        start=_micros(span.start),
        end=_micros(span.end),
        limit=limit,
        **parameters,
        **values,
    )


class BadFilter(ValueError):
    """A query that names no list of alerts. ``field`` is the parameter; the message says what it takes."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


#: What ``state`` takes: the two states, and the open alerts that nobody has taken note of.
STATES = {"firing": "Firing", "unacknowledged": "Firing, not acknowledged", "resolved": "Resolved"}


@dataclass(frozen=True, slots=True)
class AlertFilters:
    """What a list of alerts is cut by; empty means all."""

    state: str = ""
    severity: str = ""
    rule_id: int | None = None
    text: str = ""
    #: Fired at or after this moment, or open still.
    since: datetime | None = None

    @classmethod
    def from_query(cls, query: Mapping[str, str], *, now: datetime) -> AlertFilters:
        """Read ``state``, ``severity``, ``rule``, ``q`` and ``from``. Raises BadFilter."""
        state, severity, rule = (query.get(name, "") for name in ("state", "severity", "rule"))
        if state and state not in STATES:
            raise BadFilter("state", f"{state!r} is not one of {', '.join(STATES)}")
        if severity and severity not in Severity.values:
            raise BadFilter("severity", f"{severity!r} is not one of {', '.join(Severity.values)}")
        if rule and not _is_id(rule):
            raise BadFilter("rule", f"{rule!r} is not the number of a rule")
        try:
            since = parse_moment(query["from"], name="from", now=now) if query.get("from") else None
        except BadRange as error:
            raise BadFilter("from", str(error).removeprefix("from: ")) from None
        return cls(state, severity, int(rule) if rule else None, query.get("q", "").strip(), since)

    def __bool__(self) -> bool:
        return self != AlertFilters()


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18


class Page(NamedTuple):
    alerts: list[Alert]
    #: Where the next page begins; empty on the last one.
    cursor: str


def alerts(project_id: int, filters: AlertFilters, *, limit: int, cursor: str = "") -> Page:
    """One page of a project's alerts, firing first, then the newest. Raises BadFilter for a strange cursor."""
    rows = _filtered(Alert.objects.filter(project_id=project_id), filters)
    if cursor:
        rows = rows.filter(_after(cursor))
    found = list(rows.select_related("rule", "acknowledged_by")[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1]) if more else "")


def _filtered(rows: AlertQuerySet, filters: AlertFilters) -> AlertQuerySet:
    if filters.state == "unacknowledged":
        rows = rows.open().filter(acknowledged_at=None)
    elif filters.state:
        rows = rows.filter(state=filters.state)
    if filters.severity:
        rows = rows.filter(severity=filters.severity)
    if filters.rule_id is not None:
        rows = rows.filter(rule_id=filters.rule_id)
    if filters.text:
        rows = rows.filter(title__icontains=filters.text)
    if filters.since is not None:
        rows = rows.filter(Q(fired_at__gte=filters.since) | Q(state=Alert.State.FIRING))
    return rows


def _cursor(last: Alert) -> str:
    micros = (last.fired_at - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    return f"{last.state}.{micros}.{last.pk}"


def _after(cursor: str) -> Q:
    state, _, rest = cursor.partition(".")
    micros, _, pk = rest.partition(".")
    if state not in Alert.State.values or not _is_id(micros) or not _is_id(pk):
        raise BadFilter("cursor", "not one that this list gave out")
    try:
        fired_at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(micros))
    except OverflowError:
        raise BadFilter("cursor", "not one that this list gave out") from None
    older = Q(fired_at__lt=fired_at) | Q(fired_at=fired_at, pk__lt=int(pk))
    return Q(state__gt=state) | (Q(state=state) & older)


def open_by_severity(project_id: int) -> dict[str, int]:
    """How many alerts are open now, the worst severity first."""
    counted = Alert.objects.open().filter(project_id=project_id).values("severity").annotate(count=Count("pk"))
    return dict(counted.order_by("severity").values_list("severity", "count"))


def earlier(alert: Alert, *, limit: int = 10) -> list[Alert]:
    """The same problem before: alerts of the same fingerprint, newest first."""
    same = Alert.objects.filter(project_id=alert.project_id, fingerprint=alert.fingerprint).exclude(pk=alert.pk)
    return list(same.order_by("-fired_at")[:limit])
