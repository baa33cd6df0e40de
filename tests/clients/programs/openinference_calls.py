"""The application, which says to OpenInference who asks and what for, and what its calls are part of."""

import application
from openinference.instrumentation import using_attributes
from opentelemetry import trace


def run() -> None:
    asked = using_attributes(
        user_id="user-1",
        session_id="session-1",
        metadata={"feature": "search"},
        tags=["beta"],
        prompt_template="Answer: {question}",
        prompt_template_version="3",
        prompt_template_variables={"question": "What colour is the sky?"},
    )
    with asked, trace.get_tracer("shop").start_as_current_span("answer"):
        application.run()
