"""LangSmith's decorators in the modes that send OTLP, beside runs or alone; the environment says which."""

import json
import os

import openai
from langsmith import Client, traceable
from langsmith.wrappers import wrap_openai
from opentelemetry import trace

client = Client()
model = wrap_openai(openai.OpenAI(max_retries=0))


@traceable(client=client, tags=["otel"], metadata={"user_id": "user-4", "thread_id": "thread-4"})
def answer(question: str) -> str:
    said = model.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": question}])
    return said.choices[0].message.content


answer("What colour is the sky?")
client.flush()
provider = trace.get_tracer_provider()
if hasattr(provider, "force_flush"):
    provider.force_flush()
project = os.environ["LANGSMITH_PROJECT"]
(root,) = client.list_runs(project_name=project, is_root=True)
read = client.read_run(root.id, load_child_runs=True)
print(
    json.dumps(
        {
            "root": str(root.id),
            "name": read.name,
            "tokens": read.total_tokens,
            "children": [child.name for child in read.child_runs],
        }
    )
)
