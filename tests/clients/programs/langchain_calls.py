"""Nothing is added: LangChain and LangGraph look at the environment."""

# The application as it was.
import contextlib

import openai
from application import WEATHER
from langchain_openai import ChatOpenAI

ASKED = [("system", "You answer briefly."), ("user", "What colour is the sky?")]
WHO = {"metadata": {"user_id": "user-1", "session_id": "session-1", "feature": "search"}, "tags": ["beta"]}
model = ChatOpenAI(model="gpt-4o-mini", stream_usage=True)
model.invoke(ASKED, WHO)
model.bind_tools([WEATHER]).invoke("Weather in Springfield?", WHO)
for _ in model.stream(ASKED, WHO):
    pass
with contextlib.suppress(openai.RateLimitError):
    ChatOpenAI(model="fail-model").invoke(ASKED, WHO)
