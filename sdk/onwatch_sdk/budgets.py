"""Asking the console whether there is money left. An application never stands still because the console does."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from onwatch_sdk import counting, sending
from onwatch_sdk.console import Refused, Unreachable, parsed

#: After a check without an answer the next ones are allowed at once for so long, so that a console that is away does
#: not cost every call its timeout.
PAUSE_SECONDS = 2.0
#: Checks that wait for an answer at the same time; a name server that hangs would hold a thread each.
MAX_RUNNING = 16

_running = threading.BoundedSemaphore(MAX_RUNNING)
_silent_until = 0.0


@dataclass(frozen=True)
class Budget:
    """The console's answer; true when the call is allowed.

    ``known`` is False when no answer could be had in time: then everything is allowed. ``remaining_usd`` is the least
    that any budget about the call has left, in dollars as a decimal text; None when no budget is about it.
    """

    allowed: bool
    remaining_usd: str | None = None
    known: bool = True
    budgets: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.allowed


def check_budget(
    *,
    user: str = "",
    feature: str = "",
    model: str = "",
    estimated_cost_usd: float | str | None = None,
    timeout_seconds: float = 0.5,
) -> Budget:
    """Whether the budgets of the project and of this user, feature and model allow one more call.

    Fails open: it waits at most ``timeout_seconds``, name look-up included, and says yes when there is no answer, or
    one that cannot be understood (no key with the scope ``read``, for example). Those are counted in
    ``stats().budgets_unknown``; the two seconds after one are answered yes without asking. Never raises.
    """
    global _silent_until
    try:
        path = _path(user, feature, model, estimated_cost_usd)
        if time.monotonic() < _silent_until or not _running.acquire(blocking=False):
            return _unknown("The console did not answer a moment ago.")
        answers: queue.SimpleQueue[Budget | Exception] = queue.SimpleQueue()
        _start(path, timeout_seconds, answers)
        try:
            answer = answers.get(timeout=max(0.0, timeout_seconds))
        except queue.Empty:
            answer = Unreachable(f"No answer within {timeout_seconds} s.")
        if isinstance(answer, Budget):
            return answer
        if isinstance(answer, Unreachable):
            _silent_until = time.monotonic() + PAUSE_SECONDS
        return _unknown(str(answer))
    except Exception:
        counting.fault("check_budget")
        return Budget(allowed=True, known=False)


async def check_budget_async(
    *,
    user: str = "",
    feature: str = "",
    model: str = "",
    estimated_cost_usd: float | str | None = None,
    timeout_seconds: float = 0.5,
) -> Budget:
    """``check_budget`` for coroutines: the event loop goes on meanwhile."""
    return await asyncio.to_thread(
        check_budget,
        user=user,
        feature=feature,
        model=model,
        estimated_cost_usd=estimated_cost_usd,
        timeout_seconds=timeout_seconds,
    )


def _path(user: str, feature: str, model: str, estimated_cost_usd: float | str | None) -> str:
    values = {"user": user, "feature": feature, "model": model, "estimated_cost_usd": estimated_cost_usd}
    given = {name: str(value) for name, value in values.items() if value not in ("", None)}
    return f"/api/v1/budgets/check?{urllib.parse.urlencode(given, errors='replace')}"


def _start(path: str, timeout_seconds: float, answers: queue.SimpleQueue[Budget | Exception]) -> None:
    asking = threading.Thread(target=_ask, args=(path, timeout_seconds, answers), name="onwatch-budget", daemon=True)
    try:
        asking.start()
    except RuntimeError:
        _running.release()
        raise


def _ask(path: str, timeout_seconds: float, answers: queue.SimpleQueue[Budget | Exception]) -> None:
    try:
        answers.put(_budget(sending.current().console.ask(path, timeout_seconds=max(0.01, timeout_seconds))))
    except Exception as error:
        answers.put(error)
    finally:
        _running.release()


def _budget(answer: bytes) -> Budget:
    said = parsed(answer)
    if not isinstance(said, dict) or not isinstance(said.get("allowed"), bool):
        raise Refused(200, "No answer about budgets.")
    budgets = said.get("budgets")
    remaining = said.get("remaining_usd")
    return Budget(
        allowed=said["allowed"],
        remaining_usd=remaining if isinstance(remaining, str) else None,
        budgets=budgets if isinstance(budgets, list) else [],
    )


def _unknown(reason: str) -> Budget:
    counting.lost("budgets_unknown", 1, reason)
    return Budget(allowed=True, known=False)
