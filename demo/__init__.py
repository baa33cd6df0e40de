"""A small AI application to look at: a bookshop's assistant that answers from its documents.

It is a client like any other. It knows nothing of the console but an OTLP endpoint and a key, and uses the
OpenTelemetry SDK. Everything it sends is invented and says so (``deployment.environment.name = demo``).
"""
