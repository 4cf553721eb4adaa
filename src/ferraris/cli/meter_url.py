"""Where a meter is and as whom to talk to it, in one line: `tcp://127.20.0.1:4059?client=1&server=1`.

    tcp://HOST[:PORT]          the wrapper over TCP
    udp://HOST[:PORT]          the wrapper over UDP
    hdlc+tcp://HOST[:PORT]     HDLC frames over TCP, as serial servers and some meters send them
    serial:///dev/ttyUSB0      HDLC frames over a serial line; `mode=e` signs on after IEC 62056-21 first

The query names the service access points (`client`, `server`), for HDLC the meter's `physical` address and the octets of
addresses (`address_octets`), and for a serial line its speed (`baud`). Keys never stand in a URL.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ferraris.kernel.errors import ConfigError

PORT: Final = 4059
"""The registered port of DLMS/COSEM."""
PUBLIC_CLIENT: Final = 16
MANAGEMENT_LOGICAL_DEVICE: Final = 1
SAP_MAX: Final = 0xFFFF
PHYSICAL_MAX: Final = 0x3FFF
BAUD_MAX: Final = 4_000_000
FORMS: Final = "tcp://HOST[:PORT], udp://HOST[:PORT], hdlc+tcp://HOST[:PORT] or serial:///dev/NAME"


class Carrier(Enum):
    """What carries the octets, and how APDUs are framed in them."""

    TCP = "tcp"
    UDP = "udp"
    HDLC_TCP = "hdlc+tcp"
    SERIAL = "serial"

    @property
    def is_hdlc(self) -> bool:
        """Whether APDUs travel in HDLC frames."""
        return self in (Carrier.HDLC_TCP, Carrier.SERIAL)


@dataclass(frozen=True, slots=True)
class MeterUrl:
    """One meter's address and the two ends of the association."""

    carrier: Carrier
    host: str = ""
    port: int = PORT
    device: str = ""
    """Of a serial line."""
    client_sap: int = PUBLIC_CLIENT
    server_sap: int = MANAGEMENT_LOGICAL_DEVICE
    physical_address: int | None = None
    address_octets: int | None = None
    baud: int | None = None
    mode_e: bool = False

    def __str__(self) -> str:
        place = self.device if self.carrier is Carrier.SERIAL else f"{_bracketed(self.host)}:{self.port}"
        return f"{self.carrier.value}://{place}?client={self.client_sap}&server={self.server_sap}"

    @classmethod
    def parse(cls, text: str) -> MeterUrl:
        """The address that `text` writes. Raises ConfigError, which says what is wrong with it."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ConfigError("this is no URL of a meter", expected=FORMS, got=f"{text}: {error}") from None
        carrier = next((known for known in Carrier if known.value == parts.scheme), None)
        if carrier is None:
            raise ConfigError("this is no URL of a meter", expected=FORMS, got=text)
        if parts.username is not None or parts.password is not None:
            raise ConfigError("secrets do not belong in a URL", expected="a file of keys (--keys)")
        query = _query_of(parts)
        mode = query.pop("mode", "")
        if mode not in ("", "e") or (mode and carrier is not Carrier.SERIAL):
            raise ConfigError("mode in the URL of a meter", expected="e, of a serial line", got=mode)
        numbers: dict[str, Any] = {_FIELDS[name]: _number(name, value) for name, value in query.items()}
        if carrier is Carrier.SERIAL:
            _check_device(parts)
            return cls(carrier, device=parts.path, mode_e=mode == "e", **numbers)
        if not parts.hostname or parts.path not in ("", "/"):
            raise ConfigError("the URL of a meter names no host", expected=FORMS, got=text)
        return cls(carrier, parts.hostname, PORT if port is None else port, **numbers)


_FIELDS: Final = {
    "client": "client_sap",
    "server": "server_sap",
    "physical": "physical_address",
    "address_octets": "address_octets",
    "baud": "baud",
}
_RANGES: Final = {
    "client": range(1, SAP_MAX + 1),
    "server": range(SAP_MAX + 1),
    "physical": range(PHYSICAL_MAX + 1),
    "address_octets": (1, 2, 4),
    "baud": range(50, BAUD_MAX + 1),
}


def _query_of(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = dict(pairs)
    strange = [name for name in query if name not in (*_FIELDS, "mode")]
    if strange or len(query) != len(pairs):
        expected = f"each of {', '.join((*_FIELDS, 'mode'))} at most once"
        raise ConfigError("the query of a meter's URL", expected=expected, got=parts.query)
    return query


def _number(name: str, text: str) -> int:
    permitted = _RANGES[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BAUD_MAX)) and int(text) in permitted):
        shown = f"{permitted[0]} to {permitted[-1]}" if isinstance(permitted, range) else "1, 2 or 4"
        raise ConfigError(f"{name} in the URL of a meter", expected=shown, got=text)
    return int(text)


def _check_device(parts: SplitResult) -> None:
    if parts.netloc or not parts.path.strip("/"):
        raise ConfigError("the URL of a serial line", expected="serial:///dev/NAME", got=parts.geturl())


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
