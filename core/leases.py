"""Leases in Redis: of many workers, one at a time does a thing."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import timedelta

from core.redis import connect

#: Tells this process from every other.
HOLDER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

# KEYS[1] lease, ARGV[1] holder, ARGV[2] milliseconds. Takes a free lease or renews one's own; 1 when held.
_TAKE_OR_RENEW = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


def hold(name: str, duration: timedelta) -> bool:
    """Take or renew the lease for this long; False while another process holds it. Raises RedisError."""
    taken = connect().eval(_TAKE_OR_RENEW, 1, f"lease:{name}", HOLDER, int(duration.total_seconds() * 1000))
    return bool(taken)
