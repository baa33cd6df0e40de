"""What every dialect calls the kinds of work, and the provider names that mean the same."""

from __future__ import annotations

from telemetry.dialects.values import MAX_LABEL, label, remembered, unquoted
from telemetry.span import Kind

KINDS: dict[str, Kind] = {
    "chat": "llm", "text_completion": "llm", "generate_content": "llm", "llm": "llm", "generation": "llm",
    "completion": "llm", "chat_model": "llm", "responses": "llm", "message": "llm",
    "embeddings": "embedding", "embedding": "embedding",
    "retrieval": "retrieval", "retriever": "retrieval", "search": "retrieval", "vectordb": "retrieval",
    "rerank": "rerank", "reranker": "rerank", "reranking": "rerank",
    "execute_tool": "tool", "tool": "tool", "function": "tool", "mcp": "tool",
    "invoke_agent": "agent", "create_agent": "agent", "plan": "agent", "agent": "agent",
    "invoke_workflow": "chain", "chain": "chain", "workflow": "chain", "task": "chain", "span": "chain",
    "prompt": "chain", "parser": "chain", "framework": "chain", "decision": "chain",
    "guardrail": "guardrail", "guardrails": "guardrail",
    "evaluator": "evaluator", "evaluation": "evaluator", "evaluate": "evaluator",
}  # fmt: skip

#: Old and colloquial names -> the ones of the GenAI conventions.
PROVIDERS: dict[str, str] = {
    "az.ai.inference": "azure.ai.inference", "az.ai.openai": "azure.ai.openai", "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai", "bedrock": "aws.bedrock", "aws": "aws.bedrock", "amazon_bedrock": "aws.bedrock",
    "gemini": "gcp.gemini", "google_genai": "gcp.gemini", "vertex_ai": "gcp.vertex_ai", "vertexai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai", "google": "gcp.gen_ai", "mistral": "mistral_ai", "mistralai": "mistral_ai",
    "xai": "x_ai", "watsonx": "ibm.watsonx.ai",
    # A framework's spans that call no model.
    "langchain": "",
}  # fmt: skip


#: How models of one maker are called. Who serves them may be another, where a sender says so.
MAKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("openai", ("gpt-", "chatgpt-", "o1-", "o3-", "o4-", "text-embedding-")),
    ("anthropic", ("claude-",)),
    ("gcp.gemini", ("gemini-",)),
    ("mistral_ai", ("mistral-", "codestral-", "ministral-", "magistral-")),
    ("cohere", ("command-",)),
    ("deepseek", ("deepseek-",)),
    ("x_ai", ("grok-",)),
)


def maker(model: str) -> str:
    """Who makes a model, by its name; empty where the name does not tell."""
    return next((maker for maker, beginnings in MAKERS if f"{model.lower()}-".startswith(beginnings)), "")


@remembered
def kind(raw: bytes) -> Kind | None:
    """The canonical kind; ``None`` for a word that nobody knows, which then stays among the attributes."""
    return KINDS.get(label(raw).strip().lower())


@remembered
def provider(raw: bytes) -> str:
    return named(unquoted(raw)[:MAX_LABEL])


def named(provider: str) -> str:
    """The provider in the words of the GenAI conventions."""
    name = provider.strip().lower()
    return PROVIDERS.get(name, name)
