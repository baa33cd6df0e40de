"""Who is proven to send here: one module a family, one entry a row of docs/senders.md."""

from tests.clients.senders import collectors, langfuse, langsmith, otlp
from tests.clients.senders.sender import Sender

SENDERS: dict[str, Sender] = {
    sender.slug: sender for sender in (*otlp.SENDERS, *collectors.SENDERS, *langfuse.SENDERS, *langsmith.SENDERS)
}

__all__ = ["SENDERS", "Sender"]
