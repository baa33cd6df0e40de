"""The application, which says to OpenInference who asks and what for."""

import application
from openinference.instrumentation import using_attributes


def run() -> None:
    with using_attributes(
        user_id="user-1",
        session_id="session-1",
        metadata={"feature": "search"},
        tags=["beta"],
        prompt_template="Answer: {question}",
        prompt_template_version="3",
        prompt_template_variables={"question": "What colour is the sky?"},
    ):
        application.run()
