"""Static files: hashed names cached for ever, compressed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Compresses only what is new: a hashed name stands for its content, and Plotly's script takes ten seconds."""

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        fresh = [path for path in paths if not Path(f"{self.path(path)}.gz").exists()]
        return super().compress_files(fresh)
