/* Address and key come from the environment. */

import { trace, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

const provider = new NodeTracerProvider({
  resource: detectResources({ detectors: [envDetector] }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();

// The application as it was.
const said = (role, ...parts) => JSON.stringify([{ role, parts }]);
const text = (content) => ({ type: "text", content });
const asked = { type: "tool_call", id: "call_1", name: "get_weather", arguments: { city: "Springfield" } };
const tracer = trace.getTracer("shop");

tracer.startActiveSpan("answer", { attributes: { "user.id": "user-1", "session.id": "session-1" } }, (root) => {
  tracer
    .startSpan("chat gpt-4o-mini", {
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.finish_reasons": ["tool_call"],
        "gen_ai.response.time_to_first_chunk": 0.12,
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.cache_write.input_tokens": 5,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "gen_ai.input.messages": said("user", text("What colour is the sky?")),
        "gen_ai.output.messages": said("assistant", text("The sky is blue."), asked),
        "gen_ai.prompt.name": "greet",
        "gen_ai.prompt.version": "3",
        "user.id": "user-1",
        "gen_ai.conversation.id": "session-1",
      },
    })
    .end();
  tracer
    .startSpan("retrieval handbook", {
      attributes: {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.query.text": "colour of the sky",
        "gen_ai.retrieval.documents": JSON.stringify([{ id: "doc-1", score: 0.91, content: "The sky is blue." }]),
      },
    })
    .end();
  const refused = tracer.startSpan("chat fail-model", {
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "fail-model",
      "error.type": "RateLimitError",
    },
  });
  refused.setStatus({ code: SpanStatusCode.ERROR, message: "Rate limit reached for requests" });
  refused.end();
  root.end();
});
await provider.shutdown();
