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
const said = (role, content, more) => JSON.stringify([{ role, parts: [{ type: "text", content }], ...more }]);
const tracer = trace.getTracer("shop");

tracer.startActiveSpan("answer", { attributes: { "user.id": "user-1", "session.id": "session-1" } }, (root) => {
  tracer
    .startSpan("chat gpt-4o-mini", {
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "gen_ai.input.messages": said("user", "What colour is the sky?"),
        "gen_ai.output.messages": said("assistant", "The sky is blue.", { finish_reason: "stop" }),
        "gen_ai.prompt.name": "greet",
        "gen_ai.prompt.version": "3",
        "user.id": "user-1",
        "gen_ai.conversation.id": "session-1",
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
