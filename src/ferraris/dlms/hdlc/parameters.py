"""What two HDLC stations agree on when they connect: information field and window, each way (Green Book 8.4.5.3).

    81 80 LL | 05 and 06: longest information field sent and received | 07 and 08: window sent and received

Each says what it would send and receive itself, so one's 05 goes with the other's 06. A value has 1, 2 or 4 octets; what is left
out is 128 octets and a window of 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import HDLC_INFORMATION_OCTETS_MAX, HDLC_WINDOW_MAX

CLAUSE: Final = "Green Book 8.4.5.3"
PARAMETERS_HEAD: Final = b"\x81\x80"
INFORMATION_OCTETS_MIN: Final = 8
"""Room for an LLC header and a little more: less would never carry a message."""
INFORMATION_TRANSMIT, INFORMATION_RECEIVE, WINDOW_TRANSMIT, WINDOW_RECEIVE = 0x05, 0x06, 0x07, 0x08
WINDOW_OCTETS: Final = 4
"""A window is written in four octets by the standard's own example; any length is read."""


@dataclass(frozen=True, slots=True)
class HdlcParameters:
    """What SNRM proposes and UA grants; the defaults hold for what is left out."""

    max_information_octets_transmit: int = 128
    max_information_octets_receive: int = 128
    window_transmit: int = 1
    window_receive: int = 1

    def encode(self) -> bytes:
        """The information field of an SNRM or a UA. Raises LocalProtocolError for what no station can do."""
        self.check(LocalProtocolError)
        body = b"".join(
            bytes((identifier, len(value))) + value
            for identifier, value in (
                (INFORMATION_TRANSMIT, _shortest(self.max_information_octets_transmit)),
                (INFORMATION_RECEIVE, _shortest(self.max_information_octets_receive)),
                (WINDOW_TRANSMIT, self.window_transmit.to_bytes(WINDOW_OCTETS, "big")),
                (WINDOW_RECEIVE, self.window_receive.to_bytes(WINDOW_OCTETS, "big")),
            )
        )
        return PARAMETERS_HEAD + bytes((len(body),)) + body

    def granted_to(self, proposed: HdlcParameters) -> HdlcParameters:
        """What a station with these own limits agrees to, seen from its side."""
        return HdlcParameters(
            min(self.max_information_octets_transmit, proposed.max_information_octets_receive),
            min(self.max_information_octets_receive, proposed.max_information_octets_transmit),
            min(self.window_transmit, proposed.window_receive),
            min(self.window_receive, proposed.window_transmit),
        )

    def check(self, error: type[LocalProtocolError | RemoteProtocolError]) -> None:
        """Raise `error` where one of the numbers is none that a station can work with."""
        for octets in (self.max_information_octets_transmit, self.max_information_octets_receive):
            if not INFORMATION_OCTETS_MIN <= octets <= HDLC_INFORMATION_OCTETS_MAX:
                expected = f"{INFORMATION_OCTETS_MIN} to {HDLC_INFORMATION_OCTETS_MAX} octets"
                raise error("no information field is so long", expected=expected, got=octets, clause=CLAUSE)
        for window in (self.window_transmit, self.window_receive):
            if not 1 <= window <= HDLC_WINDOW_MAX:
                raise error("no window is so large", expected=f"1 to {HDLC_WINDOW_MAX}", got=window, clause=CLAUSE)


def decode_parameters(information: bytes) -> HdlcParameters:
    """The negotiation parameters of an SNRM or a UA. Raises DecodeError. Parameters of other meaning are skipped."""
    if not information:
        return HdlcParameters()
    if len(information) < 3 or information[:2] != PARAMETERS_HEAD or information[2] != len(information) - 3:
        raise DecodeError(
            "negotiation parameters have a wrong head",
            expected="8180 and a length",
            got=information[:3].hex(),
            clause=CLAUSE,
        )
    found = {}
    offset = 3
    while offset < len(information):
        head = information[offset : offset + 2]
        end = offset + 2 + (head[1] if len(head) == 2 else 1)
        if end > len(information):
            raise DecodeError(
                "a negotiation parameter is cut short", expected=end, got=len(information), offset=offset, clause=CLAUSE
            )
        found[head[0]] = int.from_bytes(information[offset + 2 : end], "big")
        offset = end
    default = HdlcParameters()
    return HdlcParameters(
        found.get(INFORMATION_TRANSMIT, default.max_information_octets_transmit),
        found.get(INFORMATION_RECEIVE, default.max_information_octets_receive),
        found.get(WINDOW_TRANSMIT, default.window_transmit),
        found.get(WINDOW_RECEIVE, default.window_receive),
    )


def _shortest(value: int) -> bytes:
    return value.to_bytes(1 if value <= 0xFF else 2, "big")
