"""Retrieved documents: ``[{"id", "score", "content", "metadata"}]`` whatever they are called where they come from."""

from __future__ import annotations

from typing import Any

from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Part
from telemetry.dialects.values import as_number, as_text, number, parse_json, plain, text
from telemetry.span import Document

#: A list longer than this is cut: what a model can be shown is far below.
MAX_DOCUMENTS = 500

IDS = ("id", "document_id", "doc_id", "chunk_id")
CONTENTS = ("content", "page_content", "text", "document", "body")
SCORES = ("score", "relevance_score", "similarity", "relevance")
DOCUMENT_KEYS = frozenset({"id", "score", "content"})
WRAPPED = ("documents", "output", "results", "matches")


def documents(raw: bytes) -> list[Document] | None:
    """A list of documents, as JSON text or as it stands; ``None`` when it is no such list."""
    value = plain(raw)
    return from_list(parse_json(value) if isinstance(value, str) else value)


def from_list(value: Any) -> list[Document] | None:
    """Documents of a parsed list, also one wrapped in ``{"documents": […]}``."""
    if isinstance(value, dict):
        value = next((value[name] for name in WRAPPED if isinstance(value.get(name), list)), None)
    if not isinstance(value, list):
        return None
    found = [item if _is_document(item) else _document(item) for item in value[:MAX_DOCUMENTS]]
    return [document for document in found if document] or None


def _is_document(item: Any) -> bool:
    """Already in our words, as most are."""
    return (
        item.__class__ is dict
        and item.keys() <= DOCUMENT_KEYS
        and item.get("id", "").__class__ is str
        and item.get("content", "").__class__ is str
        and item.get("score", 0.0).__class__ is float
    )


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if item.get(name) not in (None, "")), None)


def _document(item: Any) -> Document:
    if isinstance(item, str):
        return {"content": item}
    if not isinstance(item, dict):
        return {}
    if isinstance(item.get("node"), dict):
        item = {**item["node"], **item}
    metadata = item.get("metadata") if isinstance(item.get("metadata"), dict) else {}
    document: Document = {}
    if (identity := _first(item, IDS) or _first(metadata, IDS)) is not None:
        document["id"] = as_text(identity)
    score = _first(item, SCORES)
    score = as_number(score if score is not None else _first(metadata, SCORES))
    if score is not None and (_first(item, SCORES) is not None or _first(metadata, SCORES) is not None):
        document["score"] = float(score)
    if (content := _first(item, CONTENTS)) is not None:
        document["content"] = as_text(content)
    if metadata:
        document["metadata"] = metadata
    return document


def assemble_documents(parts: list[Part], draft: Draft, rank: int) -> None:
    """Documents flattened into numbered names."""
    found: dict[int, Document] = {}
    for indices, leaf, raw in parts:
        document = found.setdefault(indices[0], {})
        if leaf == "score":
            score = number(raw)
            if score is not None:
                document["score"] = float(score)
        elif leaf == "metadata":
            if said := text(raw):
                metadata = parse_json(said)
                document["metadata"] = metadata if isinstance(metadata, dict) else {"metadata": said}
        else:
            document[leaf] = text(raw)  # type: ignore[literal-required]
    draft.offer("documents", [found[at] for at in sorted(found)[:MAX_DOCUMENTS]], rank)
