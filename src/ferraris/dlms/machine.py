"""What both ends of an association stand on: the state, the deadline, what is to be told and what is to be sent."""

from __future__ import annotations

from ferraris.dlms.events import Aborted, Event
from ferraris.dlms.protection import Protection
from ferraris.dlms.settings import AssociationSettings
from ferraris.dlms.transitions import TRANSITIONS, Role, Signal, State
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, RemoteProtocolError


class Machine:
    """The moving parts of one end; `client_end` and `server_end` say how they move."""

    __slots__ = (
        "_moves",
        "deadline_ms",
        "entropy",
        "events",
        "now_ms",
        "outgoing",
        "protection",
        "role",
        "settings",
        "state",
    )

    def __init__(self, role: Role, settings: AssociationSettings, entropy: Entropy) -> None:
        self.role = role
        self.settings = settings
        self.entropy = entropy
        self.state = State.IDLE
        self.events: list[Event] = []
        self.outgoing: list[bytes] = []
        self.deadline_ms: int | None = None
        self.now_ms = 0
        self.protection: Protection | None = None
        self._moves = TRANSITIONS[role]

    def start(self) -> None:
        """A new association begins: nothing of an earlier one's protection stays."""
        security = self.settings.security
        self.protection = Protection(security) if security is not None else None

    def move(self, signal: Signal, *, by_peer: bool = False) -> None:
        """Go where the table says. Raises RemoteProtocolError when the peer, LocalProtocolError when the caller may not."""
        target = self._moves[self.state].get(signal)
        if target is None:
            kind = RemoteProtocolError if by_peer else LocalProtocolError
            allowed = ", ".join(move.name for move in self._moves[self.state])
            raise kind(
                "the association's state does not allow this", expected=allowed, got=signal.name, state=self.state.value
            )
        self.state = target
        self.deadline_ms = None

    def abort(self, error: FerrarisError) -> None:
        """The association is lost: the link broke, the peer went silent or broke the rules."""
        if self.state is not State.IDLE:
            self.move(Signal.ABORT)
        self.tell(Aborted(error))

    def wait(self) -> None:
        """Start the time in which the peer must move."""
        self.deadline_ms = self.now_ms + self.settings.response_timeout_ms

    def tell(self, event: Event) -> None:
        """Hand an event to the driver."""
        self.events.append(event)

    def put(self, octets: bytes) -> None:
        """Hand an APDU to the driver for sending."""
        self.outgoing.append(octets)
