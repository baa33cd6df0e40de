"""docs/senders.md says what the tests saw."""

import pytest

from tests.clients import page
from tests.clients.senders import SENDERS
from tests.console import ROOT

PAGE = ROOT / "docs" / "senders.md"


def test_the_console_knows_every_attribute_of_every_client(console, sent):
    """What is left on its page of senders are names that somebody made up, or spelt wrongly."""
    for slug in SENDERS:
        sent(slug)
    assert {(service, name) for service, name in console.not_understood() if service in SENDERS} == set()


def test_the_page_says_what_was_seen(sent):
    made = page.made([(sender, sent(slug)) for slug, sender in SENDERS.items()])
    if not PAGE.exists() or PAGE.read_text() != made:
        PAGE.write_text(made)
        pytest.fail("docs/senders.md was out of date and has been written anew; look at it and commit it")
