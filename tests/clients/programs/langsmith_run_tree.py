"""LangSmith's lower levels: run trees that begin and end apart, single runs, and an attachment."""

import json
import uuid
from datetime import UTC, datetime, timedelta

from langsmith import Client, RunTree
from langsmith.schemas import Attachment

client = Client()

root = RunTree(name="pipeline", run_type="chain", inputs={"question": "Why?"}, client=client)
root.post()
child = root.create_child(name="embed", run_type="embedding", inputs={"texts": ["a", "b"]})
child.post()
child.end(outputs={"output": [[3.0, 4.0], [0.0, 5.0]]})
child.patch()
root.add_event({"name": "checked", "time": datetime.now(UTC).isoformat(), "kwargs": {"by": "ann"}})
root.end(outputs={"answer": "So."})
root.patch()

single = uuid.uuid4()
began = datetime.now(UTC)
client.create_run("by hand", {"text": "a"}, "prompt", id=single, start_time=began)
client.flush()
pending = client.read_run(single).status
client.update_run(single, outputs={"text": "b"}, end_time=began + timedelta(seconds=2))

called = RunTree(
    name="a model of its own",
    run_type="llm",
    inputs={"messages": [{"role": "user", "content": "What colour is the sky?"}]},
    extra={
        "metadata": {
            "ls_provider": "openai",
            "ls_model_name": "gpt-4o-mini",
            "lc_hub_repo": "greet",
            "lc_hub_commit_hash": "3",
        }
    },
    client=client,
)
called.post()
used = {
    "input_tokens": 120,
    "output_tokens": 30,
    "total_tokens": 150,
    "input_token_details": {"cache_read": 64, "cache_creation": 5},
    "output_token_details": {"reasoning": 10},
}
called.end(outputs={"messages": [{"role": "assistant", "content": "The sky is blue."}], "usage_metadata": used})
called.patch()

carrier = uuid.uuid4()
client.create_run(
    "with a picture",
    {"text": "see"},
    "tool",
    id=carrier,
    trace_id=carrier,
    dotted_order=f"{began:%Y%m%dT%H%M%S%fZ}{carrier}",
    start_time=began,
    end_time=began + timedelta(seconds=1),
    outputs={"seen": True},
    attachments={"photo": Attachment(mime_type="image/png", data=b"\x89PNG\r\n\x00")},
)
client.flush()
runs = {name: client.read_run(one) for name, one in (("root", root.id), ("single", single), ("carrier", carrier))}
print(
    json.dumps(
        {
            "ids": {name: str(run.id) for name, run in runs.items()},
            "outputs": {name: run.outputs for name, run in runs.items()},
            "types": {name: run.run_type for name, run in runs.items()},
            "called": str(called.id),
            "pending": pending,
            "latency": runs["single"].latency,
            "event": runs["root"].events[0]["kwargs"],
        }
    )
)
