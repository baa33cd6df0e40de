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
#: Beside the facts above, these say nothing of a document: wrappers, the name of a class, vectors.
NOT_METADATA = frozenset({*IDS, *CONTENTS, *SCORES, "metadata", "node", "type", "embedding", "vector", "values"})
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
    beside = item
    if isinstance(item.get("node"), dict):
        item = {**item["node"], **item}
    metadata = _metadata(item.get("metadata"))
    document: Document = {}
    if (identity := _first(item, IDS) or _first(metadata, IDS)) is not None:
        document["id"] = as_text(identity)
    score = _first(item, SCORES)
    score = as_number(score if score is not None else _first(metadata, SCORES))
    if score is not None and (_first(item, SCORES) is not None or _first(metadata, SCORES) is not None):
        document["score"] = float(score)
    if (content := _first(item, CONTENTS)) is not None:
        document["content"] = as_text(content)
    if document:
        metadata = {name: said for name, said in beside.items() if _is_said(name, said)} | metadata
    if metadata:
        document["metadata"] = metadata
    return document


def _metadata(value: Any) -> dict[str, Any]:
    """A mapping, also as JSON text; what is neither is kept under its own name."""
    found = parse_json(value) if isinstance(value, str) else value
    if isinstance(found, dict):
        return found
    return {"metadata": value} if value not in (None, "") else {}


def _is_said(name: str, value: Any) -> bool:
    return name not in NOT_METADATA and value not in (None, "")


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
            if metadata := _metadata(text(raw)):
                document["metadata"] = metadata
        else:
            document[leaf] = text(raw)  # type: ignore[literal-required]
    draft.offer("documents", [found[at] for at in sorted(found)[:MAX_DOCUMENTS]], rank)
