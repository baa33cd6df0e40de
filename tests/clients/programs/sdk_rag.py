"""The application of docs/examples, as it stands there."""

import json
import runpy
from pathlib import Path

import onwatch_sdk as onwatch

state = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs" / "examples" / "rag.py"))
assert onwatch.flush(20)
counts = onwatch.stats()
print(json.dumps({"trace_id": state["turn"].trace_id, "lost": counts.lost, "faults": counts.faults}))
