"""What every dialect calls the kinds of work, and the provider names that mean the same."""

from __future__ import annotations

from telemetry.dialects.values import label, remembered
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


@remembered
def kind(raw: bytes) -> Kind | None:
    """The canonical kind; ``None`` for a word that nobody knows, which then stays among the attributes."""
    return KINDS.get(label(raw).strip().lower())


@remembered
def provider(raw: bytes) -> str:
    name = label(raw).strip().lower()
    return PROVIDERS.get(name, name)
