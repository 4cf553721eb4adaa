"""The secondary station of wired M-Bus: the end that answers (EN 13757-2, 5.7).

A frame that is, octet for octet, the command before it is a repetition: the answer is repeated, nothing is done twice. (The
frame count bit makes two new commands in a row differ; commands without a valid one are always new.)

A station with a secondary address can be selected by it, and then answers at address 253 as well, until somebody else is
selected or the selection is taken back. Just selected, and asked for data before anything else, it tells who it is.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ferraris.kernel.errors import DecodeError
from ferraris.mbus.frames import (
    ACCESS_DEMAND,
    ACKNOWLEDGEMENT,
    FRAME_COUNT_VALID,
    HEADER,
    SELECT,
    SELECT_HIGH_FIRST,
    Function,
    MbusFrame,
    encode_long_frame,
)
from ferraris.mbus.secondary_address import SecondaryAddress, decode_secondary_address

HEADER_REST: Final = bytes(4)
"""Access number, status and signature, behind the secondary address."""


class SecondaryStation:
    """The station at one address. Frames for others are not shown to it."""

    def __init__(self, address: int, secondary: SecondaryAddress | None = None) -> None:
        self._address = address
        self._secondary = secondary
        self.selected = False
        """Whether it answers at address 253, too."""
        self._introduces = False
        """Whether it tells who it is when it is asked next."""
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

    def take_selected(self, frame: MbusFrame) -> bytes:
        """The answer to a frame for whoever is selected; nothing from a station that is not."""
        match frame.function, frame.information:
            case Function.SND_UD, int(information) if information == SELECT:
                return self._select(frame.data)
            case Function.SND_UD, int(information) if information == SELECT_HIGH_FIRST:
                self.selected = False
            case Function.SND_NKE, None if self.selected:
                self.selected = False
                return self.take(frame)
        return self.take(frame) if self.selected else b""

    def _select(self, octets: bytes) -> bytes:
        try:
            mask = decode_secondary_address(octets)
        except DecodeError:
            return b""
        self.selected = self._introduces = self._secondary is not None and mask.matches(self._secondary)
        if not self.selected:
            return b""
        self._begin_anew()
        return ACKNOWLEDGEMENT

    def _begin_anew(self) -> None:
        self._ready.clear()
        self._last = None
        self._received.append(None)

    def _answer_to(self, frame: MbusFrame) -> bytes:
        introduces, self._introduces = self._introduces, False
        match frame.function, frame.information:
            case Function.SND_NKE, None:
                self._begin_anew()
                return ACKNOWLEDGEMENT
            case Function.REQ_UD2, None if introduces and self._secondary is not None:
                return encode_long_frame(Function.RSP_UD, self._address, HEADER, self._secondary.encode() + HEADER_REST)
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
