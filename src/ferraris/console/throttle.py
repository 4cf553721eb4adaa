"""Who is refused too often must wait: guessing meters, operators or token digits over the network does not pay.

Only refusals count, so a busy till that makes no mistakes is never slowed. Each client has a bucket that fills with its
refusals and runs dry in a minute; while it is full, the client's requests are answered *too many requests* unread.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from math import ceil

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ferraris.console.problems import problem_response
from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX, REFUSED_CLIENTS_MAX

MINUTE_MS = 60_000
MS_PER_REFUSAL = MINUTE_MS // REFUSALS_PER_MINUTE_MAX
REFUSED = "ferraris.refused"
"""Set in the scope of a request whose refusal its HTTP status does not tell: SOAP answers every fault with 500."""
NOT_GUESSED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Throttle:
    """Counts the refusals of each client. Times come from a clock that nobody sets."""

    def __init__(self) -> None:
        self._empty_ms: OrderedDict[str, int] = OrderedDict()
        """By client, when its bucket will have run dry."""

    def wait_s(self, client: str, now_ms: int) -> int:
        """How long the client must wait before it is heard again; 0 when it need not."""
        full_ms = self._empty_ms.get(client, 0) - now_ms - MINUTE_MS
        return ceil(full_ms / 1_000) if full_ms > 0 else 0

    def refused(self, client: str, now_ms: int) -> None:
        """The client asked for something that was refused."""
        self._empty_ms[client] = max(self._empty_ms.get(client, 0), now_ms) + MS_PER_REFUSAL
        self._empty_ms.move_to_end(client)
        while len(self._empty_ms) > REFUSED_CLIENTS_MAX:
            self._empty_ms.popitem(last=False)


def is_refusal(status: int) -> bool:
    """Whether an answer tells the client that it asked for something wrong."""
    return 400 <= status < 500 and status not in NOT_GUESSED


class ThrottleGuard:
    """Middleware that counts the refusals below `paths` and has clients wait that collect too many."""

    def __init__(self, app: ASGIApp, *, paths: tuple[str, ...], now_ms: Callable[[], int] | None = None) -> None:
        self._app = app
        self._paths = paths
        self._now_ms = now_ms or _monotonic_ms
        self._throttle = Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._paths):
            await self._app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        wait_s = self._throttle.wait_s(client, self._now_ms())
        if wait_s:
            detail = f"Too many requests from {client or 'this client'} were refused; wait {wait_s} s."
            answer = problem_response(HTTPStatus.TOO_MANY_REQUESTS, detail, retry_after_s=wait_s)
            answer.headers["retry-after"] = str(wait_s)
            await answer(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start" and (is_refusal(message["status"]) or scope.get(REFUSED)):
                self._throttle.refused(client, self._now_ms())
            await send(message)

        await self._app(scope, receive, counted)


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000
