"""What an incident knows, put into commands and addresses: always one word, whatever it is called."""

import shlex
import subprocess

import pytest

from incidents.fill import fill_command, fill_page

BASE = "http://localhost:8000"
NASTY = [
    "support chat", "$(touch /tmp/x)", "`id`", "a'b", 'a"b', "a;b", "a&b|c", "x\ny", "a\\", "!1", "*", "~", "#x", "ä €",
    "", "${model}", "-rf", "a'$(id)\"`id`",
]  # fmt: skip


def shown(command: str) -> list[str]:
    """The words that a shell makes of a command."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True, env={"KEY": "k"})
    return done.stdout.decode().split("\0")[:-1]


def test_it_fills_in_what_is_known_and_leaves_the_rest_to_the_shell():
    parameters = {"base_url": BASE, "feature": "support chat"}
    text = 'curl -H "Bearer $ONWATCH_KEY" "${base_url}/x?f=${feature}${feature_query}&m=${other}"'
    assert fill_command(text, parameters) == (
        f'curl -H "Bearer $ONWATCH_KEY" "{BASE}/x?f=support%20chat&feature=support%20chat&m=${{other}}"'
    )
    assert (
        fill_page("${base_url}/traces/?a=1${feature_query}", parameters) == f"{BASE}/traces/?a=1&feature=support%20chat"
    )
    assert fill_page("${base_url}/traces/?a=1${feature_query}", {"base_url": BASE}) == f"{BASE}/traces/?a=1"


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("template", ["${feature}", '"${feature}"', "'${feature}'", "--x=${feature}"])
def test_a_value_is_one_word_wherever_it_stands(template, value):
    words = shown(fill_command(template, {"feature": value}))
    wanted = value.replace("\n", " ")
    assert words == [f"--x={wanted}" if template.startswith("--x=") else wanted]


@pytest.mark.parametrize("value", NASTY)
def test_in_an_address_it_is_encoded(value):
    command = fill_command('get "${base_url}/p?f=${feature}" next', {"base_url": BASE, "feature": value})
    first, address, last = shlex.split(command)
    assert (first, last) == ("get", "next")
    assert address.startswith(f"{BASE}/p?f=") and not set(address) & set(" '\"`$();|<>\\\n")
