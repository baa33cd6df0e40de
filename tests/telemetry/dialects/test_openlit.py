"""OpenLIT."""

import pytest

from tests.telemetry.dialects.builders import Case, check, translated

OPENLIT: list[Case] = [
    (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.client.token.usage": 150,
            "gen_ai.usage.cost": 0,
            "gen_ai.request.stream": True,
            "gen_ai.server.time_to_first_token": 0.0458,
            "gen_ai.request.user": "",
        },
        {
            "input_tokens": 120,
            "output_tokens": 30,
            "cost_nano": 0,
            "cost_source": "",
            "time_to_first_token_ms": 45.8,
            "user_id": "",
            "attributes": {"gen_ai.request.stream": True},
        },
    ),
    (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.stream": False,
            "gen_ai.server.time_to_first_token": 0.0133,
            "gen_ai.usage.cost": 0.5,
        },
        {"time_to_first_token_ms": None, "cost_nano": 500_000_000, "cost_source": "reported"},
    ),
    ({"gen_ai.retrieval.query": "why"}, {"kind": "retrieval", "input": "why"}),
    (
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.args": '{"city": "Springfield"}'},
        {"input": '{"city": "Springfield"}'},
    ),
]


@pytest.mark.parametrize(("attributes", "expected"), OPENLIT)
def test_openlit(attributes, expected):
    check(translated(attributes), expected)
