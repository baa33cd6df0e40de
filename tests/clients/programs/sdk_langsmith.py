"""The SDK's LangSmith helper, on the real package."""

import json

from openai import OpenAI

from onwatch_sdk import langsmith

langsmith.setup_langsmith(project="default")
client = OpenAI()


@langsmith.trace_chain(run_type="llm", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o-mini"})
def complete(messages):
    return client.chat.completions.create(messages=messages, model="gpt-4o-mini").model_dump()


@langsmith.trace_chain("answer", metadata={"user_id": "u-1", "session_id": "s-1", "feature": "help"}, tags=["sky"])
def answer(question):
    run = langsmith.get_current_run_tree()
    text = complete([{"role": "user", "content": question}])["choices"][0]["message"]["content"]
    return {"answer": text, "run_id": str(run.id), "trace_id": run.trace_id.hex}


@langsmith.trace_chain
def bare(value):
    return value


said = answer("Why is the sky blue?")
assert bare(3) == 3
langsmith.flush()
langsmith.log_feedback(said["run_id"], "helpful", 0.9, comment="Clear.")
langsmith.flush()
print(json.dumps({**said, "url": langsmith.get_run_url(said["run_id"])}))
