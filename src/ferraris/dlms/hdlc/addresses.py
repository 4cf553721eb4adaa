"""HDLC addresses: of 1, 2 or 4 octets, the lowest bit of the last one set (Green Book 8.4.2).

A client has one octet. A server has an upper part (its logical device) and, from 2 octets on, a lower part (the physical
device: the meter on the line). All ones in a part means every station, zero means none; one less than all ones in the lower
part means whichever meter has made the call over which the line runs. Some meters answer a client with an address of two
octets; so any length is read in either place.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError

CLAUSE: Final = "Green Book 8.4.2"
ADDRESS_END: Final = 0x01
ADDRESS_SIZES: Final = (1, 2, 4)
NO_STATION: Final = 0
MANAGEMENT_LOGICAL_DEVICE: Final = 1
PUBLIC_CLIENT: Final = 16
SHORT_PART_MAX: Final = 0x7F
LONG_PART_MAX: Final = 0x3FFF
ADDRESSES_REMEMBERED: Final = 1_024
CALLING_PHYSICAL_DEVICE: Final = {2: 0x7E, 4: 0x3FFE}
"""The lower part, by the address's octets, that stands for the meter that has called. No meter may have it as its own."""


class HdlcAddress(NamedTuple):
    """An address: `upper` names the logical device or the client, `lower` the physical device where the address has it."""

    upper: int
    lower: int | None
    size: int

    @property
    def to_all_logical(self) -> bool:
        """Whether every logical device is meant."""
        return self.upper == _all_station(self.size)

    @property
    def to_all_physical(self) -> bool:
        """Whether every physical device on the line is meant."""
        return self.lower is not None and self.lower == _all_station(self.size)

    @property
    def to_calling(self) -> bool:
        """Whether the physical device is meant that has made the call."""
        return self.lower is not None and self.lower == CALLING_PHYSICAL_DEVICE.get(self.size)


def client_address(sap: int) -> HdlcAddress:
    """A client's address. Raises LocalProtocolError for a service access point that one octet cannot name."""
    return _checked(HdlcAddress(sap, None, 1), SHORT_PART_MAX)


def server_address(logical: int, physical: int | None = None, size: int | None = None) -> HdlcAddress:
    """A server's address in `size` octets; if that is None, in as few as hold it. Raises LocalProtocolError."""
    if size is None:
        long = logical > SHORT_PART_MAX or (physical or 0) > SHORT_PART_MAX
        size = 4 if long else 1 if physical is None else 2
    if size not in ADDRESS_SIZES or (size == 1) != (physical is None):
        raise LocalProtocolError("no HDLC address is like this", expected="1, 2 or 4 octets", got=size, clause=CLAUSE)
    return _checked(HdlcAddress(logical, physical, size), LONG_PART_MAX if size == 4 else SHORT_PART_MAX)


@lru_cache(ADDRESSES_REMEMBERED)
def encode_address(address: HdlcAddress) -> bytes:
    """The octets of an address."""
    upper, lower, size = address
    if size == 1:
        return bytes((upper << 1 | ADDRESS_END,))
    lower = lower or 0
    if size == 2:
        return bytes((upper << 1, lower << 1 | ADDRESS_END))
    return bytes((upper >> 7 << 1, (upper & 0x7F) << 1, lower >> 7 << 1, (lower & 0x7F) << 1 | ADDRESS_END))


def read_address(octets: bytes, offset: int, limit: int) -> tuple[HdlcAddress, int]:
    """The address at `offset` of what ends at `limit`, and the offset behind it. Raises DecodeError."""
    for size in ADDRESS_SIZES:
        end = offset + size
        if end <= limit and octets[end - 1] & ADDRESS_END:
            address = _address(octets[offset:end])
            if address is None:
                break
            return address, end
    got = octets[offset : min(offset + 4, limit)].hex()
    raise DecodeError(
        "an address does not end", expected="after 1, 2 or 4 octets", got=got, offset=offset, clause=CLAUSE
    )


@lru_cache(ADDRESSES_REMEMBERED)
def _address(octets: bytes) -> HdlcAddress | None:
    """The address that these octets are; None where it would have ended earlier."""
    if any(octet & ADDRESS_END for octet in octets[:-1]):
        return None
    parts = [octet >> 1 for octet in octets]
    if len(parts) == 1:
        return HdlcAddress(parts[0], None, 1)
    if len(parts) == 2:
        return HdlcAddress(parts[0], parts[1], 2)
    return HdlcAddress(parts[0] << 7 | parts[1], parts[2] << 7 | parts[3], 4)


def _all_station(size: int) -> int:
    return LONG_PART_MAX if size == 4 else SHORT_PART_MAX


def _checked(address: HdlcAddress, part_max: int) -> HdlcAddress:
    for part in (address.upper, address.lower or 0):
        if not 0 <= part <= part_max:
            raise LocalProtocolError(
                "a number does not fit an HDLC address", expected=f"0 to {part_max}", got=part, clause=CLAUSE
            )
    return address
