"""The SDK finds and instruments what is installed."""

import openlit

openlit.init()

# The application as it was.
import application  # noqa: E402


@openlit.trace
@openlit.using_attributes({"user.id": "user-1", "session.id": "session-1", "feature": "search"})
def answer() -> None:
    application.run()


answer()
