"""What both ends of an association stand on: the state, the deadline, what is to be told and what is to be sent."""

from __future__ import annotations

from typing import Final

from ferraris.dlms.apdu import Conformance
from ferraris.dlms.events import Aborted, Event
from ferraris.dlms.general_block_transfer import GeneralBlockTransferEnd
from ferraris.dlms.protection import Protection
from ferraris.dlms.settings import AssociationSettings
from ferraris.dlms.transitions import TRANSITIONS, Role, Signal, State
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import FerrarisError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX

GENERAL_BLOCKS: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)
"""A number, no flag: a flag type makes a new member for each test of a bit."""


class Machine:
    """The moving parts of one end; `client_end` and `server_end` say how they move."""

    __slots__ = (
        "_blocks_for_octets",
        "_moves",
        "deadline_ms",
        "entropy",
        "events",
        "in_blocks",
        "now_ms",
        "outgoing",
        "protection",
        "role",
        "settings",
        "state",
        "transfer_begun",
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
        self.transfer_begun: GeneralBlockTransferEnd | None = None
        """General block transfer, where it was agreed upon and anything has needed it."""
        self._blocks_for_octets: tuple[int, int] | None = None
        """Where general block transfer was agreed upon: octets of the longest APDU that the peer takes, and of what we put together."""
        self.in_blocks = False
        """Whether what is being taken came in blocks of a general block transfer."""
        self._moves = TRANSITIONS[role]

    def start(self) -> None:
        """A new association begins: nothing of an earlier one's protection stays."""
        self.forget_transfer()
        security = self.settings.security if self.settings.ciphered else None
        self.protection = Protection(security, self.entropy) if security is not None else None

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

    def negotiated(self, conformance: int, peer_pdu_size: int, octets_max: int) -> None:
        """What both ends have agreed upon: whether long APDUs go by general block transfer."""
        self.forget_transfer()
        if int(conformance) & GENERAL_BLOCKS:
            self._blocks_for_octets = peer_pdu_size or APDU_OCTETS_MAX, octets_max

    @property
    def transfer(self) -> GeneralBlockTransferEnd | None:
        """General block transfer, None where it was not agreed upon. Few associations come to need it."""
        if self.transfer_begun is None and self._blocks_for_octets is not None:
            pdu_size, octets_max = self._blocks_for_octets
            self.transfer_begun = GeneralBlockTransferEnd(
                pdu_size,
                octets_max,
                window=self.settings.general_block_window,
                timeout_ms=self.settings.response_timeout_ms // 4,
                leads=self.role is Role.CLIENT,
            )
        return self.transfer_begun

    def forget_transfer(self) -> None:
        """Nothing goes by general block transfer any more."""
        self.transfer_begun = self._blocks_for_octets = None

    @property
    def in_transfer(self) -> bool:
        """Whether the peer has begun the present exchange with general blocks."""
        return self.transfer_begun is not None and self.transfer_begun.active

    def abort(self, error: FerrarisError) -> None:
        """The association is lost: the link broke, the peer went silent or broke the rules."""
        self.forget_transfer()
        if self.state is not State.IDLE:
            self.move(Signal.ABORT)
        self.tell(Aborted(error))

    def wait(self, timeout_ms: int | None = None) -> None:
        """Start the time in which the peer must move: that of the settings, unless given."""
        self.deadline_ms = self.now_ms + (self.settings.response_timeout_ms if timeout_ms is None else timeout_ms)

    def tell(self, event: Event) -> None:
        """Hand an event to the driver."""
        self.events.append(event)

    def acknowledge(self) -> None:
        """What came unasked has come whole. Where that was in general blocks, the peer is told."""
        if self.in_blocks and self.transfer is not None:
            self.transfer.acknowledge()
            self.outgoing += self.transfer.outgoing()

    def put(self, octets: bytes, *, in_blocks: bool = False) -> None:
        """Hand an APDU to the driver for sending, in blocks where that is wished, it is too long or the peer has begun so."""
        agreed = self._blocks_for_octets
        if agreed is None or (self.transfer_begun is None and not in_blocks and len(octets) <= agreed[0]):
            self.outgoing.append(octets)  # nearly always
            return
        transfer = self.transfer
        if transfer is not None and (transfer.carries(octets) or in_blocks):
            transfer.send(octets, self.now_ms)
            self.outgoing += transfer.outgoing()
        else:
            self.outgoing.append(octets)
