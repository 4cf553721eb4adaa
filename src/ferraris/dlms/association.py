"""The application association: one engine for both ends, octets of whole APDUs in, events out.

The pipeline for what comes in is put general blocks together, unprotect, decode, put a service's own blocks together, move;
for what goes out the same backwards. The
engine knows no framing and no link: a driver hands it whole APDUs and sends what it puts out. It reads no clock: `now_ms` is
any steady count of milliseconds, and `wake_at` says when `tick` must be called at the latest.
"""

from __future__ import annotations

from typing import Final

from ferraris.cosem import Referencing
from ferraris.dlms.apdu import GENERAL_BLOCK_TRANSFER
from ferraris.dlms.ciphering import SecurityControl
from ferraris.dlms.client_end import ClientEnd, OtherAnswerError
from ferraris.dlms.events import Command, Event
from ferraris.dlms.general_block_transfer import is_acknowledgement
from ferraris.dlms.machine import Machine
from ferraris.dlms.server_end import ServerEnd
from ferraris.dlms.settings import AssociationSettings
from ferraris.dlms.short_name_client import ShortNameClientEnd
from ferraris.dlms.short_name_server import ShortNameServerEnd
from ferraris.dlms.transitions import Role, State
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError, InvocationCounterError, LinkTimeoutError, RemoteProtocolError

UNASKED_WAITS_MAX: Final = 4
"""How often a client asks again for the rest of a long notification."""
_ENDS: Final[dict[tuple[Role, Referencing], type[ClientEnd | ServerEnd]]] = {
    (Role.CLIENT, Referencing.LOGICAL_NAME): ClientEnd,
    (Role.SERVER, Referencing.LOGICAL_NAME): ServerEnd,
    (Role.CLIENT, Referencing.SHORT_NAME): ShortNameClientEnd,
    (Role.SERVER, Referencing.SHORT_NAME): ShortNameServerEnd,
}


class Association:
    """One end of an application association (IEC 62056-5-3)."""

    __slots__ = ("_end", "_machine")

    def __init__(self, role: Role, settings: AssociationSettings, entropy: Entropy) -> None:
        self._machine = Machine(role, settings, entropy)
        self._end = _ENDS[role, settings.referencing](self._machine)

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
            if octets[0] == GENERAL_BLOCK_TRANSFER:
                self._take_block(octets)
            else:
                self._end.apdu(octets)
        except FerrarisError as error:
            self._end.fault(error)

    def _take_block(self, octets: bytes) -> None:
        """Take a block of an APDU, and the APDU when it is whole."""
        machine = self._machine
        transfer = machine.transfer
        if transfer is None or machine.state not in (State.ASSOCIATED, State.RESPONSE_PENDING):
            raise RemoteProtocolError("general block transfer was not agreed upon", state=machine.state.value)
        before = transfer.progress
        if not transfer.active and is_acknowledgement(octets):
            return  # of what has been interrupted, or is over
        transfer.receive(octets, machine.now_ms)
        machine.outgoing += transfer.outgoing()
        if machine.deadline_ms is not None and transfer.progress != before:
            machine.wait()
        machine.in_blocks = True
        try:
            for apdu in transfer.events():
                self._end.apdu(apdu)
        except (OtherAnswerError, InvocationCounterError):
            if machine.role is Role.SERVER:
                raise
            # An earlier answer, repeated or late, over a link that may do so: ours is still to come.
            transfer.disregard(machine.now_ms)
            machine.outgoing += transfer.outgoing()
        finally:
            machine.in_blocks = False
        if isinstance(self._end, ServerEnd):
            self._end.tell_waiting()

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

    def turn(self) -> tuple[list[bytes], list[Event]]:
        """What `outgoing` and `events` give, both at once: a driver asks for them at every turn."""
        machine = self._machine
        both = machine.outgoing, machine.events
        machine.outgoing, machine.events = [], []
        return both

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest, None when nothing is waited for."""
        machine = self._machine
        deadline_ms, transfer = machine.deadline_ms, machine.transfer_begun
        if transfer is None or (deadline_ms is None and machine.state is not State.ASSOCIATED):
            return deadline_ms
        wake_ms = transfer.wake_at()
        return deadline_ms if wake_ms is None else wake_ms if deadline_ms is None else min(deadline_ms, wake_ms)

    def tick(self, now_ms: int) -> None:
        """Send blocks again that are not acknowledged; give up what has been waited for too long."""
        machine = self._machine
        deadline_ms, transfer = machine.deadline_ms, machine.transfer_begun
        if transfer is not None:
            transfer.tick(now_ms)
            machine.outgoing += transfer.outgoing()
            if deadline_ms is None and transfer.silent_waits > UNASKED_WAITS_MAX:
                transfer.interrupt()  # a notification whose rest does not come
        if deadline_ms is not None and now_ms >= deadline_ms:
            self.abort(LinkTimeoutError("the peer did not answer in time", state=machine.state.value))

    @property
    def request_protection(self) -> int:
        """How the last request that a server took was protected, in the bits of an access mode."""
        return self._end.request_protection if isinstance(self._end, ServerEnd) else 0

    def strengthen_answer(self, protection: int) -> None:
        """What a server's next answer has beyond its request's protection, in the bits of an access mode for requests."""
        if isinstance(self._end, ServerEnd):
            self._end.answer_control = protection << 2 & SecurityControl.AUTHENTICATED_ENCRYPTED

    def renew(self, settings: AssociationSettings) -> None:
        """Go on with other keys and secrets: they were transferred or agreed within this association, or beside it."""
        machine = self._machine
        machine.settings = settings
        if machine.protection is not None and settings.security is not None:
            machine.protection.rekey(settings.security)
        self._end.settings_changed()

    def abort(self, error: FerrarisError) -> None:
        """The association is lost for a reason outside it, such as a broken link."""
        self._machine.abort(error)
