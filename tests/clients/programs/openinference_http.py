"""The same over HTTP, to the port of that address."""

from openinference.instrumentation.openai import OpenAIInstrumentor
from phoenix.otel import register

OpenAIInstrumentor().instrument(tracer_provider=register(batch=True, protocol="http/protobuf"))

# The application as it was.
import openinference_calls  # noqa: E402

openinference_calls.run()
