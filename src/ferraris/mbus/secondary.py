"""The secondary station of wired M-Bus: the end that answers (EN 13757-2, 5.7).

A frame that is, octet for octet, the command before it is a repetition: the answer is repeated, nothing is done twice. (The
frame count bit makes two new commands in a row differ; commands without a valid one are always new.)
"""

from __future__ import annotations

from collections import deque

from ferraris.mbus.frames import (
    ACCESS_DEMAND,
    ACKNOWLEDGEMENT,
    FRAME_COUNT_VALID,
    Function,
    MbusFrame,
    encode_long_frame,
)


class SecondaryStation:
    """The station at one address. Frames for others are not shown to it."""

    def __init__(self, address: int) -> None:
        self._address = address
        self._last: MbusFrame | None = None
        self._answer = b""
        self._ready: deque[tuple[int, bytes]] = deque()
        self._received: list[tuple[int, bytes] | None] = []

    @property
    def has_answers(self) -> bool:
        """Whether something waits to be asked for."""
        return bool(self._ready)

    def offer(self, information: int, data: bytes) -> None:
        """Have user data ready for when they are asked for."""
        self._ready.append((information, data))

    def received(self) -> list[tuple[int, bytes] | None]:
        """Control information and user data since the last call; None where the primary has begun anew."""
        received, self._received = self._received, []
        return received

    def listen(self, frame: MbusFrame) -> None:
        """Take a frame that is for every station, and is not answered."""
        if frame.function == Function.SND_UD and frame.information is not None:
            self._received.append((frame.information, frame.data))

    def take(self, frame: MbusFrame) -> bytes:
        """The answer to a frame; nothing to one that no primary sends."""
        repeated = frame == self._last and frame.control & FRAME_COUNT_VALID
        self._last = frame
        if not repeated:
            self._answer = self._answer_to(frame)
        return self._answer

    def _answer_to(self, frame: MbusFrame) -> bytes:
        match frame.function, frame.information:
            case Function.SND_NKE, None:
                self._ready.clear()
                self._received.append(None)
                return ACKNOWLEDGEMENT
            case Function.SND_UD, int(information):
                self._received.append((information, frame.data))
                return ACKNOWLEDGEMENT
            case Function.REQ_UD2, None if self._ready:
                information, data = self._ready.popleft()
                demand = ACCESS_DEMAND if self._ready else 0
                return encode_long_frame(Function.RSP_UD | demand, self._address, information, data)
            case Function.REQ_UD2, None:
                return ACKNOWLEDGEMENT
        return b""
