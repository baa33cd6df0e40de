"""The private Redis server, started for real."""

import time

from onwatch import private_redis


def test_a_server_that_has_died_is_replaced_at_once(tmp_path):
    """The event loop starts it anew: senders would wait as long."""
    socket = private_redis.socket_path(tmp_path)
    dead = private_redis.start(socket)
    dead.kill()
    dead.wait()
    assert socket.exists()
    began = time.monotonic()
    child = private_redis.launch(socket)
    took = time.monotonic() - began
    child.terminate()
    child.wait()
    assert took < 1.5
