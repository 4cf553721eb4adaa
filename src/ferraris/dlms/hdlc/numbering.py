"""What both stations of a data link connection do alike: numbers, windows and segments (Green Book 8.4.5.4, ISO/IEC 13239).

A message longer than the information field goes out in segments, each in a numbered frame; as many as the window allows are
sent before the turn goes to the other end. Whoever has the turn back sees from N(R) what has arrived and sends the rest again.
A frame whose number is not the next one is passed over: the other end learns so from our N(R).
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from ferraris.dlms.hdlc.frames import SEQUENCE_MASK, HdlcFrame
from ferraris.kernel.errors import RemoteProtocolError
from ferraris.kernel.limits import HDLC_REASSEMBLY_OCTETS_MAX

CLAUSE = "Green Book 8.4.5.4"


class Segment(NamedTuple):
    """A piece of a message; `more` says that the message goes on."""

    information: bytes
    more: bool


class Reassembly:
    """The segments of one message, as far as they have come."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def unfinished(self) -> int:
        """Octets of a message that goes on."""
        return len(self._pending)

    def take(self, frame: HdlcFrame) -> bytes | None:
        """The whole message that `frame` ends; None while it goes on. Raises RemoteProtocolError above the limit."""
        if not frame.segmented and not self._pending:
            return frame.information
        if len(self._pending) + len(frame.information) > HDLC_REASSEMBLY_OCTETS_MAX:
            self._pending.clear()
            expected = f"at most {HDLC_REASSEMBLY_OCTETS_MAX} octets"
            raise RemoteProtocolError("segments are too long together", expected=expected, clause=CLAUSE)
        self._pending += frame.information
        if frame.segmented:
            return None
        whole = bytes(self._pending)
        self._pending.clear()
        return whole


class Numbering:
    """The sequence numbers of one data link connection, and what is sent and received under them."""

    __slots__ = (
        "_unacknowledged",
        "_waiting",
        "acknowledged",
        "incoming",
        "information_octets",
        "peer_busy",
        "received",
        "window",
    )

    def __init__(self, information_octets: int, window: int) -> None:
        """Send at most `information_octets` in a frame and `window` frames in a turn."""
        self.information_octets = information_octets
        self.window = window
        self.acknowledged = 0
        """The number of the first frame that the other end has not acknowledged."""
        self.received = 0
        """The number that the next frame must have: our N(R)."""
        self.peer_busy = False
        """The other end has said RNR."""
        self.incoming = Reassembly()
        self._waiting: deque[Segment] = deque()
        self._unacknowledged: deque[Segment] = deque()

    @property
    def has_unsent(self) -> bool:
        """Whether something waits for the turn or for an acknowledgement."""
        return bool(self._waiting or self._unacknowledged)

    @property
    def next_number(self) -> int:
        """The number of the next frame sent: V(S)."""
        return self.acknowledged + len(self._unacknowledged) & SEQUENCE_MASK

    def put(self, message: bytes) -> None:
        """Cut a message into segments and let them wait."""
        size = self.information_octets
        starts = range(0, len(message), size)
        self._waiting.extend(Segment(message[start : start + size], start + size < len(message)) for start in starts)

    def acknowledge(self, receive_sequence: int) -> bool:
        """Take the other end's N(R); whether it can be one."""
        count = receive_sequence - self.acknowledged & SEQUENCE_MASK
        if count > len(self._unacknowledged):
            return False
        for _ in range(count):
            self._unacknowledged.popleft()
        self.acknowledged = receive_sequence
        return True

    def take_turn(self) -> list[tuple[int, Segment]]:
        """The frames of a turn, with their numbers: first what has not arrived, then what has waited."""
        self._waiting.extendleft(reversed(self._unacknowledged))
        self._unacknowledged.clear()
        count = 0 if self.peer_busy else min(self.window, len(self._waiting))
        first = self.acknowledged
        turn = [(first + index & SEQUENCE_MASK, self._waiting.popleft()) for index in range(count)]
        self._unacknowledged.extend(segment for _, segment in turn)
        return turn

    def take(self, frame: HdlcFrame) -> bytes | None:
        """A numbered frame has come: the message that it ends, None when it ends none or is not the next one."""
        if frame.send_sequence != self.received:
            return None
        self.received = self.received + 1 & SEQUENCE_MASK
        return self.incoming.take(frame)
