"""The wrapper of the TCP-UDP/IP profile: eight octets before every APDU (Green Book 7.3.3, IEC 62056-4-7).

    version (0x0001) | source port | destination port | length | APDU

Over TCP the octets come as they come: `WrapperReceiver` takes any pieces and gives whole WPDUs. A stream has no mark to find
the next WPDU by, so a wrong header ends it: the receiver refuses all that follows and the link is to be closed.

Over UDP a datagram is one WPDU, may be lost, doubled or overtaken, and may come from anybody: `DatagramReceiver` refuses a
wrong one for itself alone, and can pass over those that come twice.
"""

from __future__ import annotations

import struct
from collections import deque
from functools import lru_cache
from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX, WRAPPER_HEADER_OCTETS

CLAUSE: Final = "Green Book 7.3.3"
WRAPPER_VERSION: Final = 1
DATAGRAMS_REMEMBERED: Final = 8
"""Less than the sixteen invoke ids: of so few answers no two are the same octets unless the network doubled one."""

HEADERS_REMEMBERED: Final = 64

_GENERAL_BLOCK: Final = b"\xe0"
_HEADER: Final = struct.Struct(">4H")


class WrapperPdu(NamedTuple):
    """An APDU with the wrapper ports (service access points) of its sender and its receiver."""

    source: int
    destination: int
    apdu: bytes


def encode_wpdu(source: int, destination: int, apdu: bytes) -> bytes:
    """The octets of a WPDU. Raises LocalProtocolError for an APDU above 65,535 octets."""
    if len(apdu) > APDU_OCTETS_MAX:
        raise LocalProtocolError(
            "an APDU does not fit a WPDU", expected=f"at most {APDU_OCTETS_MAX} octets", got=len(apdu), clause=CLAUSE
        )
    return _HEADER.pack(WRAPPER_VERSION, source, destination, len(apdu)) + apdu


@lru_cache(maxsize=HEADERS_REMEMBERED)
def header_start(source: int, destination: int) -> bytes:
    """What the header of every WPDU between two ports begins with: all but the length."""
    return _HEADER.pack(WRAPPER_VERSION, source, destination, 0)[:-2]


def decode_wpdu(octets: bytes) -> WrapperPdu:
    """The one WPDU that `octets` are. Raises DecodeError, also for octets behind it."""
    if len(octets) < WRAPPER_HEADER_OCTETS:
        raise DecodeError(
            "a wrapper header is cut short",
            expected=f"{WRAPPER_HEADER_OCTETS} octets",
            got=len(octets),
            offset=0,
            clause=CLAUSE,
        )
    version, source, destination, length = _HEADER.unpack_from(octets)
    _check_version(version, 0)
    if len(octets) != WRAPPER_HEADER_OCTETS + length:
        got = len(octets) - WRAPPER_HEADER_OCTETS
        raise DecodeError("a wrapper length lies", expected=f"{length} octets", got=got, offset=6, clause=CLAUSE)
    return WrapperPdu(source, destination, octets[WRAPPER_HEADER_OCTETS:])


class WrapperReceiver:
    """Whole WPDUs out of a stream of octets. Keeps at most one unfinished WPDU of `octets_max` octets of APDU."""

    __slots__ = ("_consumed", "_events", "_octets_max", "_refused", "_unfinished", "_wanted")

    def __init__(self, octets_max: int = APDU_OCTETS_MAX) -> None:
        self._octets_max = octets_max
        self._unfinished = bytearray()
        self._wanted = 0  # octets that the unfinished WPDU has in all, as far as known
        self._consumed = 0
        self._events: list[WrapperPdu] = []
        self._refused: DecodeError | None = None

    @property
    def unfinished(self) -> int:
        """How many octets of an unfinished WPDU are kept."""
        return len(self._unfinished)

    def receive(self, octets: bytes) -> None:
        """Take octets as they came. Raises DecodeError for a wrong version or too long an APDU, then for ever.

        The whole WPDUs before a wrong header can still be had from `events`.
        """
        if self._refused is not None:
            raise self._refused
        if not self._unfinished and len(octets) >= WRAPPER_HEADER_OCTETS:
            version, source, destination, length = _HEADER.unpack_from(octets)
            whole = WRAPPER_HEADER_OCTETS + length == len(octets)
            if (
                whole and version == WRAPPER_VERSION and length <= self._octets_max
            ):  # nearly always: one WPDU, and all of it
                self._consumed += len(octets)
                self._events.append(WrapperPdu(source, destination, bytes(octets[WRAPPER_HEADER_OCTETS:])))
                return
        else:
            self._unfinished += octets
            if len(self._unfinished) < self._wanted:
                return
            octets = bytes(self._unfinished)
        try:
            end = self._split(octets)
        except DecodeError as error:
            self._refused = error
            self._unfinished = bytearray()
            raise
        self._consumed += end
        self._unfinished = bytearray(octets[end:])

    def take_one(self, octets: bytes, start: bytes) -> bytes | None:
        """The APDU, where `octets` are nothing but one whole WPDU whose header begins with `start`: version and ports.

        None where they are anything else, or stand behind something that nobody has taken: they are for `receive` then.
        """
        size = len(octets)
        length = size - WRAPPER_HEADER_OCTETS
        if (
            self._unfinished
            or self._events
            or self._refused is not None
            or not 0 <= length <= self._octets_max
            or not octets.startswith(start + length.to_bytes(2, "big"))
        ):
            return None
        self._consumed += size
        return octets[WRAPPER_HEADER_OCTETS:]

    def _split(self, octets: bytes) -> int:
        """Collect the whole WPDUs; the offset of the one that is not whole yet."""
        offset = 0
        size = len(octets)
        while size - offset >= WRAPPER_HEADER_OCTETS:
            version, source, destination, length = _HEADER.unpack_from(octets, offset)
            self._check(version, length, offset)
            start = offset + WRAPPER_HEADER_OCTETS
            self._wanted = WRAPPER_HEADER_OCTETS + length
            if start + length > size:
                return offset
            offset = start + length
            self._events.append(WrapperPdu(source, destination, bytes(octets[start:offset])))
        self._wanted = WRAPPER_HEADER_OCTETS
        return offset

    def events(self) -> list[WrapperPdu]:
        """The WPDUs that became whole since the last call, in order."""
        events = self._events
        self._events = []
        return events

    def _check(self, version: int, length: int, offset: int) -> None:
        _check_version(version, self._consumed + offset)
        if length > self._octets_max:
            raise DecodeError(
                "an APDU is too long",
                expected=f"at most {self._octets_max} octets",
                got=length,
                offset=self._consumed + offset + 6,
                clause=CLAUSE,
            )


class DatagramReceiver:
    """Whole WPDUs out of datagrams. Those that are the same octets as one of the last `remembered` are passed over.

    Not so general blocks: whoever sends one again wants to hear again that it came.
    """

    __slots__ = ("_events", "_seen")

    def __init__(self, remembered: int = 0) -> None:
        self._events: list[WrapperPdu] = []
        self._seen: deque[bytes] = deque(maxlen=remembered)

    def receive(self, octets: bytes) -> None:
        """Take one datagram. Raises DecodeError for one that is no WPDU; the next one may be."""
        wpdu = decode_wpdu(octets)
        if octets not in self._seen or wpdu.apdu[:1] == _GENERAL_BLOCK:
            self._seen.append(octets)
            self._events.append(wpdu)

    def events(self) -> list[WrapperPdu]:
        """The WPDUs that came since the last call, in order."""
        events = self._events
        self._events = []
        return events


def _check_version(version: int, offset: int) -> None:
    if version != WRAPPER_VERSION:
        raise DecodeError(
            "no wrapper of this version", expected=WRAPPER_VERSION, got=version, offset=offset, clause=CLAUSE
        )
