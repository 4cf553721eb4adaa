"""Long notifications that wait for their turn within an association: one at a time, never beside a request and its answer.

Unasked, a server may begin with general blocks just when the client asks for something. The request goes first, and the
notification begins anew behind its answer, protected anew, since by then a newer invocation counter is known to the client.
One whose blocks had all gone out is not repeated: the service is unconfirmed, and a client that has it twice is worse off than one
that lost it.
"""

from __future__ import annotations

from collections import deque

from ferraris.dlms.general_block_transfer import GeneralBlockTransferEnd
from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.limits import NOTIFICATIONS_WAITING_MAX


class UnaskedQueue:
    """What one server wants to tell one client, oldest first, unprotected."""

    __slots__ = ("_all_sent", "_apdus", "_exchange")

    def __init__(self) -> None:
        self._apdus: deque[bytes] = deque()
        self._exchange: int | None = None
        self._all_sent = False

    @property
    def waiting(self) -> int:
        """Notifications that the client does not have yet."""
        return len(self._apdus)

    def add(self, apdu: bytes) -> None:
        """Raises LocalProtocolError when too many wait."""
        if len(self._apdus) >= NOTIFICATIONS_WAITING_MAX:
            raise LocalProtocolError("too many notifications wait", expected=NOTIFICATIONS_WAITING_MAX)
        self._apdus.append(apdu)

    def next_for(self, transfer: GeneralBlockTransferEnd) -> bytes | None:
        """The one to be sent now, if any; one that has arrived is forgotten."""
        self._settle(transfer)
        if not self._apdus or self._exchange is not None or transfer.busy:
            return None
        return self._apdus[0]

    def begun(self, transfer: GeneralBlockTransferEnd) -> None:
        """`transfer` is sending the first one."""
        self._exchange = transfer.exchange
        self._settle(transfer)

    def _settle(self, transfer: GeneralBlockTransferEnd) -> None:
        """Look what became of the one under way."""
        if self._exchange is None:
            return
        under_way = transfer.exchange == self._exchange
        if under_way:
            self._all_sent = not transfer.busy
        if transfer.delivered if under_way else self._all_sent:
            self._apdus.popleft()
            self._exchange = None
        elif not under_way:
            self._exchange = None
