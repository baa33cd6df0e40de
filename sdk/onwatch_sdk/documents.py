"""Retrieved documents: ``[{"id", "score", "content"}]``, whatever a retriever returns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from onwatch_sdk.responses import first, read
from onwatch_sdk.texts import json_of

MAX_DOCUMENTS = 200
WRAPPED = ("documents", "docs", "results", "matches", "hits", "nodes", "points", "source_documents")
IDS = ("id", "document_id", "doc_id", "chunk_id", "_id", "node_id", "id_")
SCORES = ("score", "relevance_score", "similarity", "relevance", "_score")
CONTENTS = ("content", "page_content", "text", "document", "body")
PAYLOADS = ("node", "payload", "metadata", "_source")


def attributes(result: Any, *, content: bool) -> dict[str, Any]:
    """Number, best score, and the documents themselves; their text only with ``content``."""
    entries, number = _entries(result)
    found = [_document(entry, content) for entry in entries]
    scores = [document["score"] for document in found if "score" in document]
    said: dict[str, Any] = {"retrieval.num_results": number, "gen_ai.retrieval.documents": json_of(found)}
    if scores:
        said["retrieval.top_score"] = max(scores)
    return said


def _entries(result: Any) -> tuple[list[Any], int]:
    """The first documents, and how many there are."""
    if result is None:
        return [], 0
    if not isinstance(result, (list, tuple, set, frozenset)):
        wrapped = first(result, WRAPPED) if not isinstance(result, str) else None
        if isinstance(wrapped, (list, tuple)):
            return _entries(_unnested(wrapped, result))
        if (
            isinstance(result, Iterable)
            and not isinstance(result, (str, bytes, Mapping))
            and not hasattr(result, "__len__")
        ):
            # An iterator: looking into it would take the documents away from the application.
            return [], 0
        return [result], 1
    return list(islice(result, MAX_DOCUMENTS)), len(result)


def _unnested(documents: Any, result: Any) -> Any:
    """Chroma answers with one list for each query: texts, ids and distances beside one another."""
    if len(documents) != 1 or not isinstance(documents[0], list):
        return documents
    ids = first(result, ("ids",))
    ids = ids[0] if isinstance(ids, list) and ids and isinstance(ids[0], list) else []
    texts = documents[0]
    if len(ids) != len(texts):
        return texts
    return [{"id": identity, "content": text} for identity, text in zip(ids, texts, strict=True)]


def _document(entry: Any, content: bool) -> dict[str, Any]:
    if isinstance(entry, (tuple, list)) and len(entry) == 2 and _is_number(entry[1]):
        # LangChain's ``similarity_search_with_score``.
        return {**_document(entry[0], content), "score": float(entry[1])}
    if isinstance(entry, (str, bytes)):
        return {"content": entry} if content else {}
    found: dict[str, Any] = {}
    _look(entry, found, content)
    if len(found) < (3 if content else 2):
        for name in PAYLOADS:
            if (inner := read(entry, name)) is not None and not isinstance(inner, str):
                _look(inner, found, content)
    if content and not found:
        found["content"] = entry
    return found


def _look(place: Any, found: dict[str, Any], content: bool) -> None:
    """Note what is not known yet."""
    if "id" not in found and isinstance(identity := first(place, IDS), (str, int)):
        found["id"] = str(identity)
    if "score" not in found and _is_number(score := first(place, SCORES)):
        found["score"] = float(score)
    if content and "content" not in found and isinstance(text := first(place, CONTENTS), str):
        found["content"] = text


def _is_number(value: Any) -> bool:
    """Numbers, also numpy's, which are no ``float`` below 64 bits."""
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, (int, float)) or (type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()):
        return math.isfinite(value)
    return False
