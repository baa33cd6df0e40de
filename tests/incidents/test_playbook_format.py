"""Playbooks as YAML: the delivered ones, and what is refused with which words."""

import pytest

from incidents import playbook_format
from incidents.playbook_format import BadPlaybook

GOOD = """
slug: example
name: Example
steps:
  - slug: assess
    name: Assess
    window: {from: 0m, to: 5m}
    items:
      - {slug: look, text: Look at it}
  - slug: mitigate
    name: Mitigate
    branches:
      - slug: back
        name: Roll back
        items:
          - {slug: roll, text: Roll it back}
"""


def test_it_delivers_four_playbooks_of_five_steps():
    found = {playbook["slug"]: playbook for playbook in playbook_format.seeds()}
    assert set(found) == {"quality-degradation", "provider-down", "cost-spike", "index-corruption"}
    for playbook in found.values():
        assert [step["slug"] for step in playbook["steps"]] == [
            "assess", "mitigate", "communicate", "resolve", "post-mortem",
        ]  # fmt: skip
        assert playbook["steps"][0]["window"] == {"from": "0m", "to": "5m"}
        assert len(playbook["steps"][1]["branches"]) == 3


def test_it_survives_a_round_through_the_admins_text():
    definition = playbook_format.parse(GOOD)
    assert playbook_format.parse(playbook_format.dump(definition)) == definition


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("slug: example", "slug: Example!"), "the slug 'Example!'"),
        (("name: Assess", "title: Assess"), "step 1: does not know title"),
        (("to: 5m", "to: soon"), "step 1, window, to: 'soon' is no duration"),
        (("    items:\n      - {slug: look, text: Look at it}\n", ""), "step 1: needs items or branches"),
        (("slug: mitigate", "slug: assess"), "steps: the slug 'assess' is there twice"),
        (("text: Roll it back", "command: git revert"), "step 2, branch 1, item 1: needs text"),
        (("text: Roll it back", "text: [1]"), "step 2, branch 1, item 1, text: must be text"),
        (("text: Look at it", "text: Look, page: 'javascript:alert(1)'"), "step 1, item 1, page: must begin with"),
        (("{from: 0m, to: 5m}", "{from: 5m, to: 5m}"), "step 1, window: to must be after from"),
        (("{from: 0m, to: 5m}", "5m"), "step 1, window: must be a mapping"),
        (("name: Example", "name: 7"), "playbook, name: must be text"),
        (("name: Example", "name: " + "x" * 121), "playbook, name: 121 characters; at most 120 fit"),
        (("branches:\n", "branches: 3\n    ignored:\n"), "step 2: does not know ignored"),
        (("steps:", "steps: ["), "line"),
    ],
)
def test_it_says_what_is_wrong_and_where(change, words):
    with pytest.raises(BadPlaybook, match=words.replace("(", r"\(")):
        playbook_format.parse(GOOD.replace(*change, 1))
