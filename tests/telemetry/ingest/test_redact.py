"""What is taken out of texts before they are stored, and what is left alone."""

import pytest

from accounts.models import Project
from telemetry import commit, redact
from telemetry.redact import redact_text
from telemetry.span import Score
from tests.telemetry.ingest.ask import ask
from tests.telemetry.ingest.test_commit import make_span


@pytest.fixture(autouse=True)
def _fresh_rules():
    redact.forget()
    yield
    redact.forget()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("write to ann.o'neil+x@mail.example.co.uk.", "write to ann.o'[redacted e-mail]."),
        ('{"to":"a@b.io"}', '{"to":"[redacted e-mail]"}'),
        ("call +49 30 1234567 now", "call [redacted phone] now"),
        ("call +1 (555) 010-9999!", "call [redacted phone]!"),
        ("call (555) 010-9999", "call [redacted phone]"),
        ("Tel. 089/1234567", "Tel. [redacted phone]"),
        ("card 4111 1111 1111 1111 please", "card [redacted card] please"),
        ("card 4111-1111-1111-1111", "card [redacted card]"),
        ("amex 378282246310005.", "amex [redacted card]."),
        ("key sk-proj-abcdefghijklmnop1234 end", "key [redacted key] end"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted key]"),
        ("Authorization: Bearer abcdefghijklmnopqrstuvwxyz012345", "Authorization: [redacted key]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "[redacted key]",
        ),
    ],
)
def test_it_takes_out(text, left):
    assert redact_text(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "no address @ all, only user@host",
        "order 4111 1111 1111 1112 has a wrong check digit",
        "2026-11-24T00:28:29.123456Z and 2026-11-24 00:28:29",
        "1795478081123456789 nanoseconds, 0.123456789012345",
        "version 1.2.3.4, pages 100-200, 12:30-14:00, 3.14159265358979",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "550e8400-e29b-41d4-a716-446655440000",
        "task-force one, sk-short",
        "the total is 1 000 000 or 12,345,678.90",
    ],
)
def test_it_leaves_alone(text):
    assert redact_text(text) == text


def test_it_is_fast_on_long_and_hostile_texts():
    for text in ("a." * 100_000 + "@", "1 " * 100_000, "sk-" * 100_000, "-----BEGIN PRIVATE KEY-----" * 5_000):
        redact_text(text)


def test_a_project_that_asks_gets_every_text_redacted(transactional_db, stores, settings):
    asking = Project.objects.create(slug="a", name="A", redact=True, redact_patterns="INT-\\d+\n(broken\n")
    other = Project.objects.create(slug="b", name="B")
    settings.TELEMETRY_PIPELINE = ["telemetry.redact.redact"]

    def talkative(number: int, project: Project):
        return make_span(
            number,
            project_id=project.pk,
            input="mail a@b.io about INT-42",
            output="a@b.io",
            error_message="a@b.io",
            documents=[{"id": "1", "content": "a@b.io", "metadata": {"by": "a@b.io"}}, {"id": "2"}],
            attributes={"deep": {"list": ["a@b.io", 5, None]}},
            scores=[Score("overall", 1.0, comment="says a@b.io")],
        )

    commit.store_spans([talkative(1, asking), talkative(2, other)])
    first, second = ask("SELECT input, output, error_message, documents, attributes FROM spans ORDER BY span_id")
    assert first == (
        "mail [redacted e-mail] about [redacted]",
        "[redacted e-mail]",
        "[redacted e-mail]",
        '[{"id":"1","content":"[redacted e-mail]","metadata":{"by":"[redacted e-mail]"}},{"id":"2"}]',
        '{"deep":{"list":["[redacted e-mail]",5,null]}}',
    )
    assert second[0] == "mail a@b.io about INT-42"
    assert sorted(ask("SELECT comment FROM scores")) == [("says [redacted e-mail]",), ("says a@b.io",)]


def test_a_changed_setting_holds_soon(db, settings):
    project = Project.objects.create(slug="a", name="A")
    span = make_span(1, project_id=project.pk, input="a@b.io")
    redact.redact([span])
    assert span.input == "a@b.io"
    Project.objects.update(redact=True)
    redact.forget()
    redact.redact([span])
    assert span.input == "[redacted e-mail]"
