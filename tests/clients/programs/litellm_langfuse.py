"""One callback; address and key come from the environment."""

import litellm

litellm.callbacks = ["langfuse_otel"]

# The application as it was.
import litellm_calls  # noqa: E402

litellm_calls.run()
