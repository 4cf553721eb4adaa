"""What carries whole APDUs over a link's octets, seen from the client: the shape of it, and the wrapper in that shape.

Below it is the link, above it the association: neither knows whether a wrapper, HDLC or something else lies between. HDLC has a
connection of its own to set up and to end; the wrapper has none. A new framing is a new class of this shape.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from ferraris.dlms.wrapper import DATAGRAMS_REMEMBERED, DatagramReceiver, WrapperReceiver, encode_wpdu, header_start
from ferraris.kernel.errors import DecodeError, RemoteProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX


class Framing(Protocol):
    """One client's end of what carries APDUs to and from one server. Time is any steady count of milliseconds."""

    @property
    def connected(self) -> bool:
        """Whether APDUs can be sent."""
        ...

    def connect(self, now_ms: int) -> None:
        """Begin to set up what must be set up before the first APDU."""
        ...

    def send(self, apdu: bytes, now_ms: int) -> None:
        """Take one APDU to be sent."""
        ...

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came. Raises RemoteProtocolError (DecodeError) or LinkError where it cannot go on."""
        ...

    def apdus(self) -> list[bytes]:
        """The whole APDUs received since the last call."""
        ...

    def outgoing(self) -> list[bytes]:
        """The octets to send since the last call, each entry by one send of the link."""
        ...

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest, None when nothing is waited for."""
        ...

    def tick(self, now_ms: int) -> None:
        """Let time have passed. Raises LinkTimeoutError where the other end has not answered in time."""
        ...

    def disconnect(self, now_ms: int) -> None:
        """Begin to end what `connect` has set up."""
        ...


class WrapperFraming:
    """The wrapper of the TCP-UDP/IP profile, from one client SAP to one server SAP."""

    __slots__ = ("_apdus", "_client_sap", "_outgoing", "_own_start", "_receiver", "_server_sap", "_split", "_start")

    connected = True

    def __init__(self, client_sap: int, server_sap: int, *, datagrams: bool = False) -> None:
        self._client_sap = client_sap
        self._server_sap = server_sap
        self._receiver = DatagramReceiver(DATAGRAMS_REMEMBERED) if datagrams else WrapperReceiver()
        self._start = header_start(server_sap, client_sap)
        self._own_start = header_start(client_sap, server_sap)
        self._apdus: list[bytes] = []
        """Those of WPDUs that came by themselves; any others are still with the receiver."""
        self._split = False
        """Whether there may be others."""
        self._outgoing: list[bytes] = []

    def connect(self, now_ms: int) -> None:
        """Nothing is to be set up."""

    def send(self, apdu: bytes, now_ms: int) -> None:
        """Raises LocalProtocolError for an APDU that is too long for a WPDU."""
        octets = len(apdu)
        if octets > APDU_OCTETS_MAX:
            encode_wpdu(self._client_sap, self._server_sap, apdu)  # tells what is wrong
        self._outgoing.append(self._own_start + octets.to_bytes(2, "big") + apdu)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Raises DecodeError for a header that breaks a stream; a wrong datagram, which anybody may send, is passed over."""
        receiver = self._receiver
        if isinstance(receiver, DatagramReceiver):
            self._split = True
            with suppress(DecodeError):
                receiver.receive(octets)
            return
        apdu = receiver.take_one(octets, self._start)
        if apdu is not None:  # nearly always
            self._apdus.append(apdu)
            return
        self._split = True
        receiver.receive(octets)

    def apdus(self) -> list[bytes]:
        """Raises RemoteProtocolError for a WPDU between other service access points."""
        apdus, self._apdus = self._apdus, []
        if not self._split:
            return apdus
        self._split = False
        for wpdu in self._receiver.events():
            if wpdu.source != self._server_sap or wpdu.destination != self._client_sap:
                saps = f"{wpdu.source} to {wpdu.destination}"
                raise RemoteProtocolError("a WPDU between other service access points", got=saps)
            apdus.append(wpdu.apdu)
        return apdus

    def outgoing(self) -> list[bytes]:
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """The wrapper waits for nothing."""
        return None

    def tick(self, now_ms: int) -> None:
        """The wrapper waits for nothing."""

    def disconnect(self, now_ms: int) -> None:
        """Nothing is to be ended."""
