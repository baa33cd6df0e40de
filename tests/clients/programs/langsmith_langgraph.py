"""LangChain and LangGraph, traced by environment variables alone."""

import json
import os
import uuid

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langchain_core.tracers.langchain import wait_for_all_tracers
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langsmith import Client


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


model = ChatOpenAI(model="gpt-4o-mini", max_retries=0)


def ask(state: MessagesState) -> dict:
    return {"messages": [model.bind_tools([weather]).invoke(state["messages"])]}


def conclude(state: MessagesState) -> dict:
    streamed = ChatOpenAI(model="gpt-4o-mini", stream_usage=True).stream(state["messages"])
    return {"messages": ["".join(chunk.text if isinstance(chunk.text, str) else chunk.text() for chunk in streamed)]}


graph = StateGraph(MessagesState)
graph.add_node("ask", ask)
graph.add_node("tools", ToolNode([weather]))
graph.add_node("conclude", conclude)
graph.add_edge(START, "ask")
graph.add_edge("ask", "tools")
graph.add_edge("tools", "conclude")
graph.add_edge("conclude", END)

root = uuid.uuid4()
graph.compile().invoke(
    {"messages": [HumanMessage("What colour is the sky?")]},
    {
        "run_id": root,
        "run_name": "forecast",
        "tags": ["graph"],
        "metadata": {"user_id": "user-2", "thread_id": "thread-2"},
    },
)
wait_for_all_tracers()
client = Client()
read = client.read_run(root, load_child_runs=True)
print(
    json.dumps(
        {
            "root": str(root),
            "name": read.name,
            "tokens": read.total_tokens,
            "children": [child.name for child in read.child_runs],
            "project": client.read_project(project_id=str(read.session_id)).name,
            "expected": os.environ["LANGSMITH_PROJECT"],
        }
    )
)
