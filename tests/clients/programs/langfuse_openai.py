"""Its wrapper of OpenAI's client sends every call."""

from langfuse.openai import OpenAI

client = OpenAI()

# The application as it was.
import application  # noqa: E402
from langfuse import observe, propagate_attributes  # noqa: E402


@observe(name="answer")
def answer() -> None:
    shared = {"user_id": "user-1", "session_id": "session-1", "tags": ["beta"], "metadata": {"feature": "search"}}
    with propagate_attributes(**shared):
        application.run(client)


answer()
