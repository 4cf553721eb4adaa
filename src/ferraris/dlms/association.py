"""The application association: one engine for both ends, octets of whole APDUs in, events out.

The pipeline for what comes in is unprotect, decode, put blocks together, move; for what goes out the same backwards. The
engine knows no framing and no link: a driver hands it whole APDUs and sends what it puts out. It reads no clock: `now_ms` is
any steady count of milliseconds, and `wake_at` says when `tick` must be called at the latest.
"""

from __future__ import annotations

from ferraris.dlms.client_end import ClientEnd
from ferraris.dlms.events import Command, Event
from ferraris.dlms.machine import Machine
from ferraris.dlms.server_end import ServerEnd
from ferraris.dlms.settings import AssociationSettings
from ferraris.dlms.transitions import Role, State
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError, LinkTimeoutError, RemoteProtocolError


class Association:
    """One end of an application association (IEC 62056-5-3)."""

    __slots__ = ("_end", "_machine")

    def __init__(self, role: Role, settings: AssociationSettings, entropy: Entropy) -> None:
        self._machine = Machine(role, settings, entropy)
        self._end = ClientEnd(self._machine) if role is Role.CLIENT else ServerEnd(self._machine)

    @property
    def state(self) -> State:
        """How far the association has come."""
        return self._machine.state

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take one whole APDU from the peer. What it means is in `events`, what it asks to be sent in `outgoing`."""
        self._machine.now_ms = now_ms
        try:
            if not octets:
                raise RemoteProtocolError("an APDU is empty", expected="a tag octet", got=0)
            self._end.apdu(octets)
        except FerrarisError as error:
            self._end.fault(error)

    def send(self, command: Command, now_ms: int) -> None:
        """Carry out a command: associate, release, a request (client) or the response to the last request (server).

        Raises LocalProtocolError when the association's state does not allow it, SecurityError when no counter is left.
        """
        self._machine.now_ms = now_ms
        self._end.command(command)

    def events(self) -> list[Event]:
        """What happened since the last call."""
        events, self._machine.events = self._machine.events, []
        return events

    def outgoing(self) -> list[bytes]:
        """The APDUs to be sent since the last call, in order."""
        outgoing, self._machine.outgoing = self._machine.outgoing, []
        return outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest, None when nothing is waited for."""
        return self._machine.deadline_ms

    def tick(self, now_ms: int) -> None:
        """Give up what has been waited for too long."""
        deadline_ms = self._machine.deadline_ms
        if deadline_ms is not None and now_ms >= deadline_ms:
            self.abort(LinkTimeoutError("the peer did not answer in time", state=self._machine.state.value))

    def abort(self, error: FerrarisError) -> None:
        """The association is lost for a reason outside it, such as a broken link."""
        self._machine.abort(error)
