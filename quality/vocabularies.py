"""The vocabularies of projects, kept in memory while they are used and in SQL between processes.

Losing the last minute of what was learned changes no score that is stored, so a kill costs nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from quality.models import TopicVocabulary
from quality.topics import Vocabulary

#: A vocabulary that has learned something is written this often.
SAVE_SECONDS = 60.0


@dataclass
class _Kept:
    vocabulary: Vocabulary
    #: When the row was written that this was read from or written to; None before it exists.
    version: datetime | None
    saved_questions: int
    saved_at: float = field(default_factory=time.monotonic)


class Vocabularies:
    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}

    def of(self, project_id: int) -> Vocabulary:
        """The project's vocabulary; what another process wrote meanwhile wins."""
        kept = self._kept.get(project_id)
        version = TopicVocabulary.objects.filter(project=project_id).values_list("updated_at", flat=True).first()
        if kept is None or kept.version != version:
            kept = self._kept[project_id] = self._load(project_id)
        return kept.vocabulary

    def save_old(self) -> None:
        """Write those that have learned something and were not written for a while."""
        for project_id, kept in self._kept.items():
            learned = kept.vocabulary.questions != kept.saved_questions
            if learned and time.monotonic() - kept.saved_at > SAVE_SECONDS:
                self._save(project_id, kept)

    def save_all(self) -> None:
        for project_id, kept in self._kept.items():
            self._save(project_id, kept)

    def _load(self, project_id: int) -> _Kept:
        row = TopicVocabulary.objects.filter(project=project_id).first()
        if row is None:
            return _Kept(Vocabulary(), None, 0)
        return _Kept(Vocabulary.from_json(row.questions, row.words, row.pairs), row.updated_at, row.questions)

    def _save(self, project_id: int, kept: _Kept) -> None:
        vocabulary = kept.vocabulary
        row, _ = TopicVocabulary.objects.update_or_create(
            project_id=project_id,
            defaults={
                "questions": vocabulary.questions,
                "words": vocabulary.words_as_json(),
                "pairs": vocabulary.pairs,
            },
        )
        kept.version, kept.saved_questions, kept.saved_at = row.updated_at, vocabulary.questions, time.monotonic()
