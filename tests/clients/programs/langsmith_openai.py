"""Its wrapper of OpenAI's client sends every call."""

import openai
from langsmith.wrappers import wrap_openai

client = wrap_openai(openai.OpenAI())

# The application as it was.
import application  # noqa: E402
from langsmith import traceable  # noqa: E402


@traceable(metadata={"user_id": "user-1", "session_id": "session-1", "feature": "search"}, tags=["beta"])
def answer() -> None:
    application.run(client)


answer()
