"""OpenInference: Phoenix, Arize, and the instrumentors of LlamaIndex, DSPy, smolagents and others."""

from __future__ import annotations

from telemetry.dialects import embeddings, events, messages, metadata, scores
from telemetry.dialects.documents import assemble_documents
from telemetry.dialects.table import Dialect, Group
from telemetry.dialects.values import first_text, texts

OPENINFERENCE = Dialect(
    name="openinference",
    fields={
        "kind": ["openinference.span.kind"],
        "provider": ["decision.provider", "decision.system"],
        "model": ["llm.request.model_name", "decision.request.model_name"],
        "response_model": [
            "llm.response.model_name",
            "llm.response.model",
            "decision.response.model_name",
            "decision.model_name",
            "reranker.model_name",
        ],
        "model_name": ["llm.model_name"],
        "finish_reason": [("llm.finish_reason", first_text)],
        "input_tokens": ["llm.token_count.prompt", "decision.token_count.input"],
        "output_tokens": ["llm.token_count.completion", "decision.token_count.output"],
        "total_tokens": ["llm.token_count.total"],
        "cached_tokens": ["llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"],
        "cache_write_tokens": ["llm.token_count.prompt_details.cache_write"],
        "reasoning_tokens": ["llm.token_count.completion_details.reasoning"],
        "cost_nano": ["llm.cost.total"],
        "input": ["reranker.query"],
        "embedding_model": ["embedding.model_name"],
        "tool_name": ["tool.name"],
        "prompt_name": ["prompt.id", "llm.prompt_template.name"],
        "prompt_version": ["llm.prompt_template.version", "prompt.version"],
        "tags": [("tag.tags", texts)],
        "service": ["openinference.project.name"],
    },
    groups=[
        *(messages.flattened_group(f"llm.{side}_messages.{{}}.message", side) for side in ("input", "output")),
        Group({"llm.prompts.{}.prompt.text": "content"}, messages.assemble_texts("input"), "input"),
        Group({"llm.choices.{}.completion.text": "content"}, messages.assemble_texts("output"), "output"),
        *(
            Group(
                {f"{base}.{{}}.document.{leaf}": leaf for leaf in ("id", "score", "content", "metadata")},
                assemble_documents,
                "documents",
            )
            for base in ("retrieval.documents", "reranker.output_documents")
        ),
        Group(
            {
                "embedding.embeddings.{}.embedding.text": "text",
                "embedding.embeddings.{}.embedding.vector": "vector",
                "embedding.text": "text",
                "embedding.vector": "vector",
                "embedding.vector.{}": "vector",
            },
            embeddings.assemble,
        ),
        Group({"llm.invocation_parameters": ""}, metadata.invocation_parameters("llm.invocation_parameters")),
        Group(
            {"embedding.invocation_parameters": ""}, metadata.invocation_parameters("embedding.invocation_parameters")
        ),
        Group({"metadata": ""}, metadata.unpack("metadata")),
        *(
            scores.numbered_group(scope, kind)
            for scope in ("", "trace.", "session.")
            for kind in ("annotation", "evaluation")
        ),
    ],
    events={"First Token Stream Event": events.first_token},
    ignored=["input.mime_type", "output.mime_type"],
    kept=[
        "llm.invocation_parameters", "embedding.invocation_parameters", "llm.prompt_template.template",
        "llm.prompt_template.variables", "llm.token_count.prompt_details.audio",
        "llm.token_count.completion_details.audio", "llm.cost.", "llm.tools.", "tool.id", "tool.description",
        "tool.parameters", "tool.json_schema", "agent.name", "graph.node.", "prompt.vendor", "prompt.url",
        "reranker.top_k", "reranker.input_documents.", "metadata",
    ],
)  # fmt: skip
