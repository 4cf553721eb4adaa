"""Long pushes in general blocks, outside any association: cut by the sender, put together by the receiver.

Nothing was negotiated. So the sender takes the receiver for one that has room for a whole window, and streams its blocks; a
receiver that never acknowledges has them all the same. One that acknowledges makes them safe over datagrams: the sender repeats
what is not acknowledged a few times. The receiver keeps one unfinished push for each link, within a limit, since anybody may send
to it.

Uncertain, as the public sources do not show a long push without an association: its window. Gurux streams all blocks, too.
"""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu import GENERAL_BLOCK_TRANSFER, decode_apdu
from ferraris.dlms.apdu import GeneralBlockTransfer as Block
from ferraris.dlms.general_block_transfer import GeneralBlockTransferEnd
from ferraris.kernel.limits import GENERAL_BLOCK_WINDOW_MAX, LONG_PUSH_OCTETS_MAX, PUSH_OCTETS_MAX

REPETITIONS_MAX: Final = 3
"""How often a sender repeats what is not acknowledged."""


class OutgoingPush:
    """One long push on its way."""

    def __init__(self, apdu: bytes, pdu_size: int, timeout_ms: int, now_ms: int) -> None:
        """Raises LocalProtocolError for too many blocks."""
        self._transfer = GeneralBlockTransferEnd(
            pdu_size, 0, window=1, timeout_ms=timeout_ms, leads=True, peer_window=GENERAL_BLOCK_WINDOW_MAX
        )
        self._transfer.send(apdu, now_ms)

    @property
    def over(self) -> bool:
        """Whether the receiver has acknowledged all, or has been sent it often enough."""
        return self._transfer.delivered or self._transfer.silent_waits > REPETITIONS_MAX

    @property
    def all_sent(self) -> bool:
        """Whether every block has been sent once."""
        return not self._transfer.unsent

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take an acknowledgement. Raises DecodeError, RemoteProtocolError."""
        self._transfer.receive(octets, now_ms)

    def outgoing(self) -> list[bytes]:
        """The APDUs to be sent since the last call."""
        return self._transfer.outgoing()

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        return self._transfer.wake_at()

    def tick(self, now_ms: int) -> None:
        """Repeat what is not acknowledged in time."""
        self._transfer.tick(now_ms)


class IncomingPushes:
    """The pushes of one link, whole, whether they come in blocks or not."""

    __slots__ = ("_transfer",)

    def __init__(self) -> None:
        self._transfer: GeneralBlockTransferEnd | None = None

    def take(self, apdu: bytes) -> bytes | None:
        """The push that `apdu` is, or completes; None for a block that others follow. Raises DecodeError, RemoteProtocolError."""
        if not apdu or apdu[0] != GENERAL_BLOCK_TRANSFER:
            return apdu
        if self._transfer is None:
            self._transfer = GeneralBlockTransferEnd(
                PUSH_OCTETS_MAX, LONG_PUSH_OCTETS_MAX, window=GENERAL_BLOCK_WINDOW_MAX, timeout_ms=0, leads=False
            )
        transfer = self._transfer
        transfer.receive(apdu, 0)
        whole = transfer.events()
        if transfer.complete:
            block = decode_apdu(apdu)
            if isinstance(block, Block) and not block.streaming:  # the last one, perhaps once more
                transfer.acknowledge_whole()
        return whole[0] if whole else None

    def outgoing(self) -> list[bytes]:
        """The acknowledgements to be sent since the last call."""
        return [] if self._transfer is None else self._transfer.outgoing()
