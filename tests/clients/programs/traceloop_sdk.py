"""The SDK finds and instruments what is installed."""

from traceloop.sdk import Traceloop

Traceloop.init(app_name="traceloop")

# The application as it was.
import application  # noqa: E402
from traceloop.sdk.decorators import tool, workflow  # noqa: E402


@tool(name="get_weather")
def get_weather(city: str) -> dict:
    return {"sky": "blue", "city": city}


@workflow(name="answer")
def answer() -> None:
    Traceloop.set_association_properties({"user_id": "user-1", "session_id": "session-1", "feature": "search"})
    Traceloop.set_prompt("Answer: {question}", {"question": "What colour is the sky?"}, 3)
    get_weather("Springfield")
    application.run()


answer()
