"""A model provider on loopback that speaks the OpenAI API, so that real clients have something to call."""

from tests.clients.model_server.server import ModelServer, serving

__all__ = ["ModelServer", "serving"]
