"""Its wrapper of OpenAI's client sends every call."""

from langfuse.openai import OpenAI

client = OpenAI()

# The application as it was.
import application  # noqa: E402
from langfuse.decorators import langfuse_context, observe  # noqa: E402


@observe(name="answer")
def answer() -> None:
    langfuse_context.update_current_trace(
        user_id="user-1", session_id="session-1", tags=["beta"], metadata={"feature": "search"}
    )
    application.run(client)


answer()
langfuse_context.flush()
