"""A secondary station: one logical device's end of the data link connection with one client. See `transitions`.

It speaks only when it has been given the turn. A frame with the poll bit gives it; taking what is to be sent (`outgoing`) gives
it back, with RR if no answer is ready by then, and the client asks again. Which frames are for this station, `HdlcLine` knows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ferraris.dlms.hdlc.addresses import HdlcAddress
from ferraris.dlms.hdlc.frames import (
    FrameKind,
    HdlcFrame,
    encode_frame,
    information_control,
    supervisory_control,
    unnumbered_control,
)
from ferraris.dlms.hdlc.llc import LLC_COMMAND, LLC_RESPONSE, without_llc
from ferraris.dlms.hdlc.numbering import Numbering
from ferraris.dlms.hdlc.parameters import HdlcParameters, decode_parameters
from ferraris.dlms.hdlc.transitions import LINK_TRANSITIONS, LinkSignal, LinkState, Station
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError

CLAUSE: Final = "Green Book 8.4.5"
REJECT_UNDEFINED: Final = 0x01
"""W: the control octet is undefined or not implemented."""
REJECT_INFORMATION: Final = 0x02
"""X: an information field where there may be none."""
REJECT_TOO_LONG: Final = 0x04
"""Y: an information field longer than agreed upon, or a message longer than can be put together."""
REJECT_SEQUENCE: Final = 0x08
"""Z: an N(R) of what was never sent."""
_MOVES: Final = LINK_TRANSITIONS[Station.SECONDARY]


class FrameReject(NamedTuple):
    """The information field of FRMR: which frame was rejected, where the sequence numbers stood, and why."""

    control: int
    next_number: int
    received: int
    reasons: int

    def encode(self) -> bytes:
        """Its three octets. The bit that would mark a rejected response is 0: a secondary rejects commands."""
        return bytes((self.control, self.received << 5 | self.next_number << 1, self.reasons))


class SecondaryStation:
    """Answers one client."""

    def __init__(
        self, own: HdlcAddress, client: HdlcAddress, limits: HdlcParameters, inactivity_timeout_ms: int
    ) -> None:
        """`limits` is the most that this station grants; `own` is the address by which the client calls it."""
        self._own = own
        self._client = client
        self._limits = limits
        self._inactivity_timeout_ms = inactivity_timeout_ms
        self._inactive_at_ms = 0
        self._numbering = Numbering(0, 0)
        self._reject = b""
        self._messages: list[bytes] = []
        self._response = b""
        """An unnumbered frame that answers the last command."""
        self._turn = False
        self.state = LinkState.DISCONNECTED
        self.parameters = HdlcParameters()

    def take(self, frame: HdlcFrame, now_ms: int) -> None:
        """Take one frame that is for this station. Commands that need an answer get it only where the poll bit is set."""
        self._inactive_at_ms = now_ms + self._inactivity_timeout_ms
        self._response = b""
        self._turn = False
        match frame.kind:
            case FrameKind.SNRM:
                self._connect(frame)
            case FrameKind.DISC:
                ended = self.state is not LinkState.DISCONNECTED
                self._move(LinkSignal.DISCONNECT)
                self._answer(frame, FrameKind.UA if ended else FrameKind.DM)
            case _ if self.state is LinkState.DISCONNECTED:
                self._answer(frame, FrameKind.DM)
            case _ if self.state is LinkState.REJECTING:
                self._answer(frame, FrameKind.FRMR, self._reject)
            case FrameKind.I | FrameKind.RR | FrameKind.RNR:
                self._take_numbered(frame)
            case FrameKind.UI:
                self._turn = frame.poll_final
            case FrameKind.UNDEFINED:
                self._reject_frame(frame, REJECT_UNDEFINED)
            case _:
                pass  # a response: the echo of some station's, not for us to answer

    def messages(self) -> list[bytes]:
        """The APDUs received in numbered frames since the last call."""
        messages, self._messages = self._messages, []
        return messages

    def send(self, apdu: bytes) -> None:
        """Send an APDU in the next turn. Raises LocalProtocolError without a data link connection."""
        if self.state is not LinkState.CONNECTED:
            raise LocalProtocolError("an APDU without a data link connection", state=self.state.value, clause=CLAUSE)
        self._numbering.put(LLC_RESPONSE + apdu)

    def outgoing(self) -> list[bytes]:
        """The frames of this station's turn, if it has it; the turn is over then."""
        if self._response:
            response, self._response = self._response, b""
            return [response]
        if not self._turn or self.state is not LinkState.CONNECTED:
            return []
        self._turn = False
        numbering = self._numbering
        turn = numbering.take_turn()
        received = numbering.received
        if not turn:
            return [encode_frame(self._client, self._own, supervisory_control(FrameKind.RR, received, poll_final=True))]
        frames = []
        for index, (number, segment) in enumerate(turn, 1):
            control = information_control(number, received, poll_final=index == len(turn))
            frames.append(encode_frame(self._client, self._own, control, segment.information, segmented=segment.more))
        return frames

    def wake_at(self) -> int | None:
        """When inactivity ends the data link connection."""
        return None if self.state is LinkState.DISCONNECTED else self._inactive_at_ms

    def tick(self, now_ms: int) -> None:
        """Disconnect when nothing was heard for too long."""
        if self.state is not LinkState.DISCONNECTED and now_ms >= self._inactive_at_ms:
            self._move(LinkSignal.LOSE)

    def _connect(self, frame: HdlcFrame) -> None:
        if not frame.poll_final:
            return
        try:
            granted = self._limits.granted_to(decode_parameters(frame.information))
            granted.check(RemoteProtocolError)
        except RemoteProtocolError:
            self._move(LinkSignal.LOSE)
            self._answer(frame, FrameKind.DM)
            return
        self._move(LinkSignal.CONNECT)
        self.parameters = granted
        self._numbering = Numbering(granted.max_information_octets_transmit, granted.window_transmit)
        self._messages = []
        self._answer(frame, FrameKind.UA, granted.encode())

    def _take_numbered(self, frame: HdlcFrame) -> None:
        numbering = self._numbering
        assert frame.receive_sequence is not None
        if not numbering.acknowledge(frame.receive_sequence):
            self._reject_frame(frame, REJECT_SEQUENCE)
            return
        if frame.kind is not FrameKind.I:
            if frame.information:
                self._reject_frame(frame, REJECT_INFORMATION)
                return
            numbering.peer_busy = frame.kind is FrameKind.RNR
        elif len(frame.information) > self.parameters.max_information_octets_receive:
            self._reject_frame(frame, REJECT_TOO_LONG)
            return
        else:
            try:
                message = numbering.take(frame)
            except RemoteProtocolError:
                self._reject_frame(frame, REJECT_TOO_LONG)
                return
            if message is not None:
                self._take_message(message)
        self._turn = frame.poll_final

    def _take_message(self, message: bytes) -> None:
        try:
            self._messages.append(without_llc(message, LLC_COMMAND))
        except RemoteProtocolError:
            return  # for another service than DLMS: nobody here takes it

    def _reject_frame(self, frame: HdlcFrame, reasons: int) -> None:
        numbering = self._numbering
        self._reject = FrameReject(frame.control, numbering.next_number, numbering.received, reasons).encode()
        self._move(LinkSignal.REJECT)
        self._answer(frame, FrameKind.FRMR, self._reject)

    def _answer(self, frame: HdlcFrame, kind: FrameKind, information: bytes = b"") -> None:
        if frame.poll_final:
            control = unnumbered_control(kind, poll_final=True)
            self._response = encode_frame(self._client, self._own, control, information)

    def _move(self, signal: LinkSignal) -> None:
        self.state = _MOVES[self.state].get(signal, self.state)
