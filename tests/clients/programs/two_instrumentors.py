"""The same calls seen by OpenTelemetry's instrumentation and, inside of it, by OpenInference's."""

from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenInference().instrument()
OpenAIInstrumentor().instrument()

# The application as it was.
import application  # noqa: E402
import openai  # noqa: E402

with trace.get_tracer("shop").start_as_current_span("answer"):
    application.answer(openai.OpenAI())
    application.stream(openai.OpenAI())
