"""The handler with which instrumentations are written, at its newest."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.genai.handler import TelemetryHandler

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

# The application as it was.
import contextlib  # noqa: E402

from opentelemetry.util.genai.types import (  # noqa: E402
    InputMessage,
    OutputMessage,
    RetrievalDocument,
    TextPart,
    ToolCallRequestPart,
)

handler = TelemetryHandler()
with handler.workflow("answer-question", conversation_id="session-1"):
    with handler.retrieval(data_source_id="handbook", request_model="text-embedding-3-small") as retrieval:
        retrieval.query_text = "colour of the sky"
        retrieval.documents = [RetrievalDocument(id="doc-1", score=0.91)]
    with handler.inference("openai", request_model="gpt-4o-mini") as chat:
        chat.system_instruction = [TextPart(content="You answer briefly.")]
        chat.input_messages = [InputMessage(role="user", parts=[TextPart(content="What colour is the sky?")])]
        asked = ToolCallRequestPart(id="call_1", name="get_weather", arguments={"city": "Springfield"})
        chat.output_messages = [
            OutputMessage(
                role="assistant", parts=[TextPart(content="The sky is blue."), asked], finish_reason="tool_call"
            )
        ]
        chat.response_model_name = "gpt-4o-mini-2024-07-18"
        chat.finish_reasons = ["tool_call"]
        chat.input_tokens, chat.output_tokens = 120, 30
        chat.cache_read_input_tokens, chat.cache_write_input_tokens = 64, 5
        chat.thinking_tokens = 10
        chat.prompt_name, chat.prompt_version = "greet", "3"
    with handler.tool("get_weather") as tool:
        tool.arguments = {"city": "Springfield"}
        tool.tool_result = {"sky": "blue"}
    with handler.embedding("openai", request_model="text-embedding-3-small") as embedding:
        embedding.input_tokens = 8
        embedding.dimension_count = 3
    with contextlib.suppress(TimeoutError), handler.inference("openai", request_model="fail-model"):
        raise TimeoutError("no answer in 30 s")
provider.shutdown()
