"""The gateway protocol: a prefix before an APDU that names a meter behind a gateway (Green Book 10.10).

    E6 (request) or E7 (response) | network id | octets of the address | physical device address | APDU

A client puts the prefix before what it sends to a gateway, which takes it off, hands the APDU on and puts E7 with the same network
and address before the answer. `GatewayFraming` is a client's end, around any other framing.

What a gateway says when it cannot hand an APDU on is not told by any public source. Ours answers by an exception-response of
its own, without a prefix, so that nobody takes it for the meter's; the client takes every APDU without a prefix so.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.dlms.framing import Framing
from ferraris.kernel.errors import DecodeError, LinkUnreachableError, LocalProtocolError, RemoteProtocolError

CLAUSE: Final = "Green Book 10.10"
GATEWAY_REQUEST: Final = 0xE6
GATEWAY_RESPONSE: Final = 0xE7
NETWORK_MAX: Final = 0xFF
ADDRESS_OCTETS_MAX: Final = 0xFF
FORM: Final = "NETWORK:ADDRESS or NETWORK:0xOCTETS"
_ADDRESS_AT: Final = 3


class GatewayAddress(NamedTuple):
    """A meter behind a gateway: the network that it is on, and its physical device address there."""

    network: int
    device: bytes

    def __str__(self) -> str:
        text = self.device.decode("latin-1")
        return f"{self.network}:{text if text.isprintable() and text.isascii() else '0x' + self.device.hex()}"

    @classmethod
    def parse(cls, text: str) -> GatewayAddress:
        """What `str` writes. Raises LocalProtocolError."""
        network, _, device = text.partition(":")
        try:
            octets = bytes.fromhex(device[2:]) if device.startswith("0x") else device.encode("ascii")
        except ValueError:
            octets = b""
        known = network.isascii() and network.isdecimal() and len(network) <= len(str(NETWORK_MAX))
        if not (known and int(network) <= NETWORK_MAX and 0 < len(octets) <= ADDRESS_OCTETS_MAX):
            raise LocalProtocolError("no address behind a gateway", expected=FORM, got=text, clause=CLAUSE)
        return cls(int(network), octets)


class GatewayMessage(NamedTuple):
    """An APDU with the prefix taken off."""

    address: GatewayAddress
    apdu: bytes
    response: bool


def is_prefixed(octets: bytes) -> bool:
    """Whether a prefix stands in front: no APDU begins like it."""
    return octets[:1] in (b"\xe6", b"\xe7")


def encode_prefixed(address: GatewayAddress, apdu: bytes, *, response: bool = False) -> bytes:
    """The APDU behind its prefix. Raises LocalProtocolError for an address that no prefix can carry."""
    if not 0 <= address.network <= 0xFF or len(address.device) > ADDRESS_OCTETS_MAX:
        raise LocalProtocolError(
            "an address that no gateway prefix can carry",
            expected=f"a network up to 255 and at most {ADDRESS_OCTETS_MAX} octets",
            got=address,
            clause=CLAUSE,
        )
    tag = GATEWAY_RESPONSE if response else GATEWAY_REQUEST
    return bytes((tag, address.network, len(address.device))) + address.device + apdu


def decode_prefixed(octets: bytes) -> GatewayMessage:
    """The APDU, and the address before it. Raises DecodeError, also for a prefix behind a prefix.

    An APDU that goes through two gateways is prefixed anew by the first one; one that carries a second prefix could be made
    to go round between two gateways for as many times as fit into it.
    """
    if not is_prefixed(octets):
        raise DecodeError("no gateway prefix", expected="e6 or e7", got=octets[:1].hex(), offset=0, clause=CLAUSE)
    apdu_at = _ADDRESS_AT + octets[2] if len(octets) >= _ADDRESS_AT else _ADDRESS_AT
    if len(octets) < apdu_at:
        raise DecodeError("a gateway prefix is cut short", expected=apdu_at, got=len(octets), offset=2, clause=CLAUSE)
    apdu = octets[apdu_at:]
    if is_prefixed(apdu):
        raise DecodeError("a gateway prefix behind another", got=apdu[:1].hex(), offset=apdu_at, clause=CLAUSE)
    address = GatewayAddress(octets[1], octets[_ADDRESS_AT:apdu_at])
    return GatewayMessage(address, apdu, octets[0] == GATEWAY_RESPONSE)


class GatewayFraming:
    """A client's way to one meter behind a gateway, to which `inner` leads."""

    def __init__(self, inner: Framing, address: GatewayAddress) -> None:
        """Raises LocalProtocolError for an address that no prefix can carry."""
        encode_prefixed(address, b"")
        self._inner = inner
        self._address = address

    @property
    def connected(self) -> bool:
        """Whether the gateway can be talked to."""
        return self._inner.connected

    def connect(self, now_ms: int) -> None:
        self._inner.connect(now_ms)

    def send(self, apdu: bytes, now_ms: int) -> None:
        self._inner.send(encode_prefixed(self._address, apdu), now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        self._inner.receive(octets, now_ms)

    def apdus(self) -> list[bytes]:
        """Raises RemoteProtocolError for an APDU of another meter, LinkUnreachableError where the gateway speaks for itself."""
        return [self._unprefixed(octets) for octets in self._inner.apdus()]

    def outgoing(self) -> list[bytes]:
        return self._inner.outgoing()

    def wake_at(self) -> int | None:
        return self._inner.wake_at()

    def tick(self, now_ms: int) -> None:
        self._inner.tick(now_ms)

    def disconnect(self, now_ms: int) -> None:
        self._inner.disconnect(now_ms)

    def _unprefixed(self, octets: bytes) -> bytes:
        if not is_prefixed(octets):
            raise LinkUnreachableError(f"The gateway does not bring an APDU to {self._address}: {octets[:8].hex()}")
        message = decode_prefixed(octets)
        if message.address != self._address:
            raise RemoteProtocolError(
                "an answer of another meter behind the gateway",
                expected=self._address,
                got=message.address,
                clause=CLAUSE,
            )
        return message.apdu
