"""Where a meter is and as whom to talk to it, in one line: `tcp://127.20.0.1:4059?client=1&server=1`.

    tcp://HOST[:PORT]          the wrapper over TCP
    udp://HOST[:PORT]          the wrapper over UDP
    hdlc+tcp://HOST[:PORT]     HDLC frames over TCP, as serial servers and some meters send them
    serial:///dev/ttyUSB0      HDLC frames over a serial line; `mode=e` signs on after IEC 62056-21 first
    rfc2217://HOST:PORT        the same over a serial line of another machine
    mbus:///dev/ttyUSB0        APDUs in segments over wired M-Bus, on the serial line of a level converter
    mbus+tcp://HOST:PORT       the same behind a serial server
    coap://HOST[:PORT][/PATH]  the wrapper over CoAP; coap-non://... with requests that nobody acknowledges

The query names the service access points (`client`, `server`), for HDLC and M-Bus the meter's `physical` address, for M-Bus
instead of it the `secondary` one (`secondary=12345678.FER.01.02`, with ? and * for what is open), for HDLC the octets of
addresses (`address_octets`), for a serial line its speed (`baud`), and for a meter behind a gateway its network and address
(`gateway=0:FER0000000001`, or octets: `gateway=0:0x0012`). What does not fit the scheme is refused. Keys never stand in a URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from ferraris.dlms import GatewayAddress
from ferraris.kernel.errors import ConfigError, LocalProtocolError
from ferraris.kernel.network_address import read_place
from ferraris.kernel.url_parts import url_parts
from ferraris.mbus import SecondaryAddress

PORT: Final = 4059
"""The registered port of DLMS/COSEM."""
COAP_PORT: Final = 5683
"""The registered port of CoAP."""
PUBLIC_CLIENT: Final = 16
MANAGEMENT_LOGICAL_DEVICE: Final = 1
SAP_MAX: Final = 0xFFFF
PHYSICAL_MAX: Final = 0x3FFF
BAUD_MAX: Final = 4_000_000
NAME_CHARACTERS_MAX: Final = 40
"""Of a parameter's name, as an error tells it."""
EXCLUSIVE: Final = (
    ("mode", "baud", "one of them: who signs on agrees upon the speed"),
    ("secondary", "physical", "one of them: who is selected has no other address"),
)
PLACE: Final = "this is no URL of a meter"
FORMS: Final = (
    "tcp://, udp://, hdlc+tcp://, rfc2217://, mbus+tcp:// or coap://HOST[:PORT], serial:// or mbus:///dev/NAME"
)


class Carrier(Enum):
    """What carries the octets, and how APDUs are framed in them."""

    TCP = "tcp"
    UDP = "udp"
    HDLC_TCP = "hdlc+tcp"
    SERIAL = "serial"
    RFC2217 = "rfc2217"
    MBUS = "mbus"
    MBUS_TCP = "mbus+tcp"
    COAP = "coap"
    COAP_NON = "coap-non"

    @property
    def is_coap(self) -> bool:
        """Whether APDUs travel in CoAP requests and responses."""
        return self in (Carrier.COAP, Carrier.COAP_NON)

    @property
    def is_hdlc(self) -> bool:
        """Whether APDUs travel in HDLC frames."""
        return self in (Carrier.HDLC_TCP, Carrier.SERIAL, Carrier.RFC2217)

    @property
    def is_mbus(self) -> bool:
        """Whether APDUs travel in M-Bus frames."""
        return self in (Carrier.MBUS, Carrier.MBUS_TCP)

    @property
    def is_device(self) -> bool:
        """Whether it is a serial line of this machine."""
        return self in (Carrier.SERIAL, Carrier.MBUS)

    @property
    def is_line(self) -> bool:
        """Whether it is a serial line, whose speed can be set."""
        return self.is_device or self is Carrier.RFC2217

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the query of such a URL may name."""
        takes = {
            "client": True,
            "server": True,
            "gateway": True,
            "physical": self.is_hdlc or self.is_mbus,
            "address_octets": self.is_hdlc,
            "secondary": self.is_mbus,
            "baud": self.is_line,
            "mode": self.is_hdlc and self.is_line,
        }
        return tuple(name for name, fits in takes.items() if fits)


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
    path: str = ""
    """Of a CoAP resource, without its leading stroke."""
    gateway: GatewayAddress | None = None
    secondary_address: SecondaryAddress | None = None
    """On M-Bus, instead of a physical one."""

    def __str__(self) -> str:
        place = self.device if self.carrier.is_device else f"{_bracketed(self.host)}:{self.port}"
        path = f"/{self.path}" if self.path else ""
        gateway = f"&gateway={quote(str(self.gateway), safe=':')}" if self.gateway is not None else ""
        return f"{self.carrier.value}://{place}{path}?client={self.client_sap}&server={self.server_sap}{gateway}"

    @classmethod
    def parse(cls, text: str) -> MeterUrl:
        """The address that `text` writes. Raises ConfigError, which says what is wrong with it."""
        parts = url_parts(text, PLACE, FORMS, "a file of keys (--keys)")
        carrier = next((known for known in Carrier if known.value == parts.scheme), None)
        if carrier is None:
            raise ConfigError(PLACE, expected=FORMS, got=text)
        query = _query_of(parts.query, carrier)
        mode = query.pop("mode", "")
        if mode not in ("", "e"):
            raise ConfigError("mode in the URL of a meter", expected="e, or none at all", got=mode)
        gateway = _gateway(query.pop("gateway")) if "gateway" in query else None
        secondary = _secondary(query.pop("secondary")) if "secondary" in query else None
        fields: dict[str, Any] = {_FIELDS[name]: _number(name, value) for name, value in query.items()}
        fields |= {"mode_e": mode == "e", "gateway": gateway, "secondary_address": secondary}
        if carrier.is_device:
            _check_device(parts)
            return cls(carrier, device=parts.path, **fields)
        host, port = read_place(parts.netloc, "the URL of a meter", COAP_PORT if carrier.is_coap else PORT)
        path = parts.path.strip("/")
        if (path and not carrier.is_coap) or _WRONG_PERCENT.search(path):
            raise ConfigError("path in the URL of a meter", expected="none but that of a CoAP resource", got=path)
        return cls(carrier, host.lower(), port, path=path, **fields)


_WRONG_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")
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


def check_parameters(text: str, fitting: tuple[str, ...], whose: str) -> None:
    """Refuse what a URL names beyond what `whose` has use for, though a meter's URL may name it. Raises ConfigError."""
    _check_names(dict(parse_qsl(urlsplit(text).query)), fitting, whose)


def _check_names(query: Iterable[str], fitting: tuple[str, ...], whose: str) -> None:
    for name in query:
        if name not in fitting:
            raise ConfigError(f"{name[:NAME_CHARACTERS_MAX]!r} does not fit {whose}", expected=", ".join(fitting))


def _query_of(text: str, carrier: Carrier) -> dict[str, str]:
    """What the query says, which fits the carrier. An error repeats no value: it may be a key that belongs elsewhere."""
    pairs = parse_qsl(text, keep_blank_values=True)
    query = dict(pairs)
    fitting = carrier.parameters
    _check_names(query, fitting, f"the URL of a meter at {carrier.value}://")
    if len(query) != len(pairs):
        raise ConfigError("the query of a meter's URL", expected=f"each of {', '.join(fitting)} at most once")
    for one, other, why in EXCLUSIVE:
        if query.keys() >= {one, other}:
            raise ConfigError(f"{one} and {other} in the URL of a meter", expected=why)
    return query


def _number(name: str, text: str) -> int:
    permitted = _RANGES[name]
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(BAUD_MAX)) and int(text) in permitted):
        shown = f"{permitted[0]} to {permitted[-1]}" if isinstance(permitted, range) else "1, 2 or 4"
        raise ConfigError(f"{name} in the URL of a meter", expected=shown, got=text)
    return int(text)


def _gateway(text: str) -> GatewayAddress:
    try:
        return GatewayAddress.parse(text)
    except LocalProtocolError as error:
        raise ConfigError("gateway in the URL of a meter", expected=error.expected, got=text) from None


def _secondary(text: str) -> SecondaryAddress:
    try:
        return SecondaryAddress.parse(text)
    except LocalProtocolError as error:
        raise ConfigError("secondary in the URL of a meter", expected=error.expected, got=text) from None


def _check_device(parts: SplitResult) -> None:
    if parts.netloc or not parts.path.strip("/") or "%" in parts.path:
        raise ConfigError(
            "the URL of a serial line", expected="serial:///dev/NAME or mbus:///dev/NAME", got=parts.geturl()
        )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
