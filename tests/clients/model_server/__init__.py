"""A model provider on loopback for real clients: it speaks the OpenAI API and a little of Anthropic's."""

from tests.clients.model_server.server import ModelServer, serving

__all__ = ["ModelServer", "serving"]
