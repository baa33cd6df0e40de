"""A prompt that Anthropic caches in part, seen by OpenLIT."""

import openlit

openlit.init()

# The application as it was.
import anthropic  # noqa: E402

anthropic.Anthropic().messages.create(
    model="claude-sonnet-4-5", max_tokens=100, messages=[{"role": "user", "content": "What colour is the sky?"}]
)
