"""Who is refused too often must wait: guessing meters, operators or token digits over the network does not pay.

Only refusals count, so a busy till that makes no mistakes is never slowed. Each client has a bucket that fills with its
refusals and runs dry in a minute; while it is full, the client's requests are answered *too many requests* unread.
"""

from __future__ import annotations

from collections import OrderedDict
from http import HTTPStatus
from math import ceil

from ferraris.kernel.limits import REFUSALS_PER_MINUTE_MAX, REFUSED_CLIENTS_MAX

MINUTE_MS = 60_000
MS_PER_REFUSAL = MINUTE_MS // REFUSALS_PER_MINUTE_MAX
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
