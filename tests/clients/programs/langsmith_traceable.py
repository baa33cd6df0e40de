"""An application traced by LangSmith's decorators and its wrapper of OpenAI's client, and read back again."""

import asyncio
import json
import os
import warnings
from contextlib import suppress

import openai
from langsmith import Client, traceable
from langsmith.run_helpers import get_current_run_tree
from langsmith.wrappers import wrap_openai

warnings.simplefilter("ignore")
SKY = [{"role": "user", "content": "What colour is the sky?"}]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}

client = Client(web_url=os.environ["CONSOLE"])
model = wrap_openai(openai.OpenAI(max_retries=0))
seen = {}


@traceable(run_type="retriever")
def search(query: str) -> list[dict]:
    return [{"page_content": "The sky is blue.", "metadata": {"id": "kb/1", "score": 0.9}, "type": "Document"}]


@traceable(run_type="tool")
def clock() -> str:
    return "noon"


@traceable(
    client=client,
    tags=["beta", "eu"],
    metadata={"user_id": "user-1", "thread_id": "thread-1", "feature": "weather", "plan": "gold"},
)
def answer(question: str) -> str:
    root = get_current_run_tree()
    seen["root"] = str(root.id)
    search(question)
    clock()
    said = model.chat.completions.create(model="gpt-4o-mini", messages=SKY)
    model.chat.completions.create(model="gpt-4o-mini", messages=SKY, tools=[WEATHER])
    stream = model.chat.completions.create(
        model="gpt-4o-mini", messages=SKY, stream=True, stream_options={"include_usage": True}
    )
    list(stream)
    with suppress(openai.RateLimitError):
        model.chat.completions.create(model="fail-model", messages=SKY)
    return said.choices[0].message.content


answer("What colour is the sky?")
client.create_feedback(seen["root"], "helpful", score=1, comment="good", trace_id=seen["root"])
client.flush()
alone = client.create_feedback(seen["root"], "correct", score=0.5)
note = client.create_feedback(seen["root"], "note", comment="no number")
client.update_feedback(alone.id, score=0.75)
gone = client.create_feedback(seen["root"], "gone", score=0)
client.delete_feedback(gone.id)
link = client.create_presigned_feedback_token(seen["root"], "thumbs")
client.create_feedback_from_token(link.url, score=1, comment="from a page")

root = client.read_run(seen["root"], load_child_runs=True)
project = client.read_project(project_name=os.environ["LANGSMITH_PROJECT"])
failed = list(client.list_runs(project_name=os.environ["LANGSMITH_PROJECT"], error=True))
named = list(client.list_runs(project_id=project.id, filter='and(eq(run_type, "llm"), gt(total_tokens, 1))', limit=2))
tagged = list(client.list_runs(project_id=project.id, filter='has(tags, "beta")'))


async def newer() -> tuple:
    """The newer way of reading, which is for coroutines alone."""
    own = str(project.id)
    found = await client.runs.retrieve(seen["root"], project_id=own, start_time=root.start_time)
    names = [
        run.name async for run in client.runs.query(project_ids=[own], is_root=False, selects=["NAME"], page_size=2)
    ]
    url = (await client.runs.get_url(seen["root"], project_id=own, trace_id=seen["root"])).url
    return found, names, url


retrieved, queried, new_url = asyncio.run(newer())
print(
    json.dumps(
        {
            **seen,
            "note": str(note.id),
            "session": str(project.id),
            "children": [child.name for child in root.child_runs],
            "read": {
                "inputs": root.inputs, "outputs": root.outputs, "tokens": root.total_tokens,
                "cost": str(root.total_cost), "tags": root.tags, "metadata": root.metadata, "status": root.status,
                "feedback": {name: stat["avg"] for name, stat in root.feedback_stats.items()},
            },
            "failed": [(run.name, run.error.partition("(")[0]) for run in failed],
            "named": [run.name for run in named],
            "tagged": [run.name for run in tagged],
            "feedback": {one.key: [one.score, one.comment] for one in client.list_feedback(run_ids=[seen["root"]])},
            "retrieved": [retrieved.name, retrieved.status, retrieved.run_type],
            "queried": sorted(queried),
            "url": client.get_run_url(run=root),
            "new_url": new_url,
        }
    )
)  # fmt: skip
