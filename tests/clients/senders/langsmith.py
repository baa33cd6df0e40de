"""LangSmith's SDKs, and what traces through them."""

from __future__ import annotations

from tests.clients.senders.sender import Sender

POINTED = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": "{url}/api/v1", "LANGSMITH_API_KEY": "{key}"}

SENDERS = (
    Sender(
        slug="langsmith",
        title="LangSmith SDK",
        packages=("langsmith",),
        environment="main",
        program="langsmith_openai.py",
        settings=POINTED,
        spans=5,
    ),
    Sender(
        slug="langsmith-js",
        title="LangSmith SDK for JavaScript",
        packages=("langsmith",),
        environment="node",
        program="langsmith_openai.mjs",
        settings=POINTED,
        spans=4,
    ),
    Sender(
        slug="langchain",
        title="LangChain and LangGraph",
        packages=("langchain-core", "langchain-openai", "langgraph", "langsmith"),
        environment="main",
        program="langchain_calls.py",
        settings=POINTED,
        spans=4,
    ),
)
