"""Who a virtual meter is: serial number, system title, address, and the keys that follow from its fleet's seed.

Keys made from a seed are no secrets. They exist so that a fleet and the head-end that reads it can be set up again from
nothing; meters in service have keys from the manufacturer.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from ferraris.kernel.errors import ConfigError
from ferraris.keys import MeterKeys
from ferraris.mbus import SecondaryAddress

MANUFACTURER: Final = b"FER"
NUMBER_MAX: Final = 0xFFFF
PORT: Final = 4059
"""The registered port of DLMS/COSEM over TCP and UDP."""
KEY_OCTETS: Final = 16
FIRST_HDLC_ADDRESS: Final = 17
HDLC_ADDRESSES: Final = 0x3FFD - FIRST_HDLC_ADDRESS + 1
MBUS_ADDRESSES: Final = 250
MBUS_VERSION: Final = 1
MBUS_ELECTRICITY: Final = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """The names of meter `number`."""

    number: int

    def __post_init__(self) -> None:
        if not 0 < self.number <= NUMBER_MAX:
            raise ConfigError("number of a virtual meter", expected=f"1 to {NUMBER_MAX}", got=self.number)

    @property
    def serial(self) -> str:
        return f"FER{self.number:010}"

    @property
    def system_title(self) -> bytes:
        return MANUFACTURER + self.number.to_bytes(5, "big")

    @property
    def logical_device_name(self) -> bytes:
        """Manufacturer and number, 16 octets."""
        return MANUFACTURER + f"{self.number:013}".encode()

    @property
    def hdlc_address(self) -> int:
        """The meter's physical address on an HDLC line; the first sixteen are reserved, so is the end of the range."""
        return FIRST_HDLC_ADDRESS + (self.number - 1) % HDLC_ADDRESSES

    @property
    def mbus_address(self) -> int:
        """The meter's primary address on M-Bus, of which there are 250."""
        return 1 + (self.number - 1) % MBUS_ADDRESSES

    @property
    def mbus_secondary_address(self) -> SecondaryAddress:
        """What it is called by on M-Bus without a primary address: number, maker, first version, electricity."""
        return SecondaryAddress(f"{self.number:08}", MANUFACTURER.decode(), MBUS_VERSION, MBUS_ELECTRICITY)

    @property
    def host(self) -> str:
        """The meter's own address on the loopback interface."""
        return f"127.20.{self.number >> 8}.{self.number & 0xFF}"


def meter_keys(seed: int, number: int, octets: int = KEY_OCTETS) -> MeterKeys:
    """The keys of meter `number` of the fleet of `seed`, each of so many octets."""

    def derived(purpose: str) -> bytes:
        return hmac.digest(f"virtual meters {seed}".encode(), f"{purpose} {number}".encode(), hashlib.sha256)

    return MeterKeys(
        encryption_key=derived("encryption")[:octets],
        authentication_key=derived("authentication")[:octets],
        master_key=derived("master")[:octets],
        lls_secret=derived("reading").hex()[:KEY_OCTETS].encode(),
    )
