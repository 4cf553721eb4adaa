"""A direction's octets cut into what can be inspected by itself: a WPDU, an HDLC frame, or what came in one piece."""

from __future__ import annotations

from typing import Final

from ferraris.dlms import hdlc
from ferraris.kernel.errors import DecodeError
from ferraris.kernel.limits import HDLC_FRAME_OCTETS_MAX, WRAPPER_HEADER_OCTETS

WRAPPER_START: Final = b"\x00\x01"
FLAG: Final = bytes((hdlc.FLAG,))


class Splitter:
    """Units out of one direction's octets, however they were cut on the way."""

    def __init__(self) -> None:
        self._octets = bytearray()

    @property
    def unfinished(self) -> bytes:
        """What waits for its end."""
        return bytes(self._octets)

    def lose(self) -> None:
        """Octets are missing here: what was begun has no end."""
        self._octets.clear()

    def feed(self, octets: bytes, *, whole: bool) -> list[bytes]:
        """The units that are complete now. `whole` octets were one datagram: what they begin, they end."""
        self._octets += octets
        units = []
        while self._octets:
            size = self._size_of_first(whole)
            if size is None:
                break
            units.append(bytes(self._octets[:size]))
            del self._octets[:size]
        if whole and self._octets:
            units.append(bytes(self._octets))
            self._octets.clear()
        return [unit for unit in units if unit.strip(FLAG)]

    def _size_of_first(self, whole: bool) -> int | None:
        """Octets of the first unit; None while it is not complete."""
        octets = self._octets
        if octets.startswith(FLAG):
            return _frame_end(octets)
        if octets[:2] == WRAPPER_START[: len(octets)]:
            if len(octets) < WRAPPER_HEADER_OCTETS:
                return None
            size = WRAPPER_HEADER_OCTETS + int.from_bytes(octets[6:8], "big")
            return size if size <= len(octets) else None
        return len(octets)


def _frame_end(octets: bytearray) -> int | None:
    """Where the frame that begins with flags ends, its closing flag included."""
    start = len(octets) - len(octets.lstrip(FLAG))
    if start == len(octets):
        return start if start > HDLC_FRAME_OCTETS_MAX else None
    try:
        end = start + hdlc.frame_length(bytes(octets[start : start + 2]), 0) if len(octets) - start > 1 else len(octets)
    except DecodeError:
        end = octets.find(FLAG, start)
        return len(octets) if end < 0 else end
    if end >= len(octets):
        return None
    if octets[end] == hdlc.FLAG:
        return end + 1
    stuffed = octets.find(FLAG, start)
    return None if stuffed < 0 else stuffed + 1
