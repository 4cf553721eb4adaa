"""The LLC sublayer of IEC 61334-4-32: three octets before each APDU on S-FSK power lines and on what is modelled after them.

    control 90 | destination LSAP | source LSAP | APDU

The layer below keeps messages apart and, where it must, puts them together; nothing here counts octets or repeats. So
`PlcLlcFraming` needs a link that keeps boundaries.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError

CLAUSE: Final = "IEC 61334-4-32"
CONTROL: Final = 0x90
HEADER_OCTETS: Final = 3
LSAP_MAX: Final = 0xFF


class LlcPdu(NamedTuple):
    """An APDU with the LSAPs (service access points) of its receiver and of its sender."""

    destination: int
    source: int
    apdu: bytes


def encode_llc(destination: int, source: int, apdu: bytes) -> bytes:
    """Raises LocalProtocolError for LSAPs that take more than an octet."""
    if not (0 <= destination <= LSAP_MAX and 0 <= source <= LSAP_MAX):
        got = f"{source} to {destination}"
        raise LocalProtocolError("no LSAP of a power line", expected=f"0 to {LSAP_MAX}", got=got, clause=CLAUSE)
    return bytes((CONTROL, destination, source)) + apdu


def decode_llc(octets: bytes) -> LlcPdu:
    """Raises DecodeError."""
    if len(octets) <= HEADER_OCTETS or octets[0] != CONTROL:
        got = octets[:HEADER_OCTETS].hex()
        raise DecodeError("no LLC header of power lines", expected="90, two LSAPs", got=got, offset=0, clause=CLAUSE)
    return LlcPdu(octets[1], octets[2], octets[HEADER_OCTETS:])


class PlcLlcFraming:
    """From one client SAP to one server SAP, over a link of messages."""

    connected = True

    def __init__(self, client_sap: int, server_sap: int) -> None:
        """Raises LocalProtocolError for service access points that take more than an octet."""
        encode_llc(server_sap, client_sap, b"")
        self._client_sap = client_sap
        self._server_sap = server_sap
        self._apdus: list[bytes] = []
        self._outgoing: list[bytes] = []

    def connect(self, now_ms: int) -> None:
        """Nothing is to be set up."""

    def send(self, apdu: bytes, now_ms: int) -> None:
        self._outgoing.append(encode_llc(self._server_sap, self._client_sap, apdu))

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take one message. Raises DecodeError, and RemoteProtocolError for one between other LSAPs."""
        pdu = decode_llc(octets)
        if (pdu.source, pdu.destination) != (self._server_sap, self._client_sap):
            got = f"{pdu.source} to {pdu.destination}"
            raise RemoteProtocolError("a message between other LSAPs", got=got, clause=CLAUSE)
        self._apdus.append(pdu.apdu)

    def apdus(self) -> list[bytes]:
        apdus, self._apdus = self._apdus, []
        return apdus

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """It waits for nothing."""
        return None

    def tick(self, now_ms: int) -> None:
        """It waits for nothing."""

    def disconnect(self, now_ms: int) -> None:
        """Nothing is to be ended."""
