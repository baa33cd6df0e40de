"""A prompt that Anthropic caches in part, through LiteLLM."""

import litellm

litellm.callbacks = ["otel"]

# The application as it was.
litellm.completion(
    model="anthropic/claude-sonnet-4-5", messages=[{"role": "user", "content": "What colour is the sky?"}]
)
