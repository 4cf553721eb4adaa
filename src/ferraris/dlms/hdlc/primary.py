"""The primary station of an HDLC data link connection: the client's framing. See `transitions` for how it works.

Frames for others, and the echo of its own that many optical heads and two-wire lines give, are passed over: they carry another
destination. (Not so where client and server have the same one-octet address; then an echo cannot be told from an answer.)
An answer that an earlier time-out has already given up may still come: its N(R) then costs at most one frame sent twice.

A client that was called by a line with several meters asks the calling one for the connection by the address kept for that; the
answer tells who it is, and from then on the client calls it so.
"""

from __future__ import annotations

from typing import Final

from ferraris.dlms.hdlc.addresses import HdlcAddress, client_address
from ferraris.dlms.hdlc.deframer import HdlcDeframer
from ferraris.dlms.hdlc.frames import (
    FrameKind,
    HdlcFrame,
    encode_frame,
    information_control,
    linked,
    supervisory_control,
    unnumbered_control,
)
from ferraris.dlms.hdlc.llc import LLC_COMMAND, LLC_RESPONSE, without_llc
from ferraris.dlms.hdlc.numbering import Numbering, Reassembly
from ferraris.dlms.hdlc.parameters import HdlcParameters, decode_parameters
from ferraris.dlms.hdlc.timing import PrimaryTiming
from ferraris.dlms.hdlc.transitions import LINK_TRANSITIONS, LinkSignal, LinkState, Station
from ferraris.kernel.errors import (
    LinkClosedError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
)
from ferraris.kernel.limits import HDLC_POLLS_MAX

CLAUSE: Final = "Green Book 8.4.5"
_MOVES: Final = LINK_TRANSITIONS[Station.PRIMARY]


class HdlcFraming:
    """A client's end: connects with SNRM, carries APDUs in numbered frames, disconnects with DISC."""

    def __init__(
        self,
        client_sap: int,
        server: HdlcAddress,
        proposed: HdlcParameters | None = None,
        timing: PrimaryTiming | None = None,
    ) -> None:
        """`server` names logical and physical device. `proposed` is what SNRM asks for."""
        self._own = client_address(client_sap)
        self._server = server
        self._proposed = proposed or HdlcParameters()
        self._timing = timing or PrimaryTiming()
        self._deframer = HdlcDeframer(self._timing.inter_octet_timeout_ms)
        self._state = LinkState.DISCONNECTED
        self.parameters = HdlcParameters()
        """What holds for this station: agreed upon once it is connected."""
        self._numbering = Numbering(0, 0)
        self._unnumbered = Reassembly()
        self._apdus: list[bytes] = []
        self._outgoing: list[bytes] = []
        self._asked = False
        """The secondary has the turn."""
        self._answer_due = False
        """An APDU was sent and none has come since."""
        self._fruitless = 0
        """Turns in a row that brought nothing forward."""
        self._polls = 0
        self._deadline_ms: int | None = None
        self._quiet_until_ms = 0
        """The line will have been silent for long enough then."""
        self._held_until_ms: int | None = None
        """There are frames that wait for that."""

    @property
    def server(self) -> HdlcAddress:
        """The secondary station: the one that was given, or the calling one once it has answered."""
        return self._server

    @property
    def state(self) -> LinkState:
        """How far the data link connection has come."""
        return self._state

    @property
    def connected(self) -> bool:
        """Whether APDUs can be sent."""
        return self._state is LinkState.CONNECTED

    def connect(self, now_ms: int) -> None:
        """Ask for the data link connection. Raises LocalProtocolError while it is being asked for or ended."""
        if LinkSignal.CONNECT not in _MOVES[self._state]:
            raise LocalProtocolError("a station that cannot connect now", state=self._state.value, clause=CLAUSE)
        self._move(LinkSignal.CONNECT)
        self._fruitless = 0
        self._ask_for_connection(now_ms)

    def disconnect(self, now_ms: int) -> None:
        """End the data link connection, if there is one."""
        if self._state is LinkState.CONNECTED:
            self._move(LinkSignal.DISCONNECT)
            self._fruitless = 0
            self._put_unnumbered(FrameKind.DISC, now_ms)
        elif self._state is LinkState.CONNECTING:
            self._move(LinkSignal.LOSE)
            self._outgoing.clear()
            self._held_until_ms = None

    def send(self, apdu: bytes, now_ms: int) -> None:
        """Send an APDU as soon as the turn is ours. Raises LocalProtocolError without a data link connection."""
        if self._state is not LinkState.CONNECTED:
            raise LocalProtocolError("an APDU before the data link connection", state=self._state.value, clause=CLAUSE)
        self._numbering.put(LLC_COMMAND + apdu)
        self._answer_due = True
        self._polls = 0
        if not self._asked:
            self._take_turn(now_ms)

    def receive(self, octets: bytes, now_ms: int) -> None:
        """Take octets as they came.

        Raises LinkClosedError for DM, RemoteProtocolError for FRMR and for what no secondary may say; the data link
        connection is over then.
        """
        self._deframer.receive(octets, now_ms)
        self._quiet_until_ms = now_ms + self._timing.inter_frame_gap_ms
        if self._held_until_ms is not None:
            self._held_until_ms = self._quiet_until_ms
        if self._asked and octets:
            self._deadline_ms = now_ms + self._timing.response_timeout_ms
        for frame in self._deframer.frames():
            if self._is_from_server(frame) and frame.destination.upper == self._own.upper:
                self._take(frame, now_ms)

    def apdus(self) -> list[bytes]:
        """The whole APDUs received since the last call."""
        apdus, self._apdus = self._apdus, []
        return apdus

    def outgoing(self) -> list[bytes]:
        """The frames to send since the last call; none before the line has been silent for long enough."""
        if self._held_until_ms is not None:
            return []
        outgoing, self._outgoing = self._outgoing, []
        return [linked(outgoing)] if outgoing and self._timing.inter_frame_gap_ms else outgoing

    def wake_at(self) -> int | None:
        """When `tick` must be called at the latest."""
        times = (self._deframer.wake_at(), self._deadline_ms, self._held_until_ms)
        return min((time for time in times if time is not None), default=None)

    def tick(self, now_ms: int) -> None:
        """Ask again for what has not come. Raises LinkTimeoutError when no try is left."""
        self._deframer.tick(now_ms)
        self._release(now_ms)
        if self._deadline_ms is None or now_ms < self._deadline_ms:
            return
        if self._asked:
            self._count_fruitless()
        match self._state:
            case LinkState.CONNECTING:
                self._ask_for_connection(now_ms)
            case LinkState.DISCONNECTING:
                self._put_unnumbered(FrameKind.DISC, now_ms)
            case LinkState.CONNECTED:
                self._take_turn(now_ms)

    # What comes

    def _is_from_server(self, frame: HdlcFrame) -> bool:
        if self._server.to_calling and self._state is LinkState.CONNECTING:
            return frame.source.upper == self._server.upper
        return frame.source[:2] == self._server[:2]

    def _take(self, frame: HdlcFrame, now_ms: int) -> None:
        match frame.kind:
            case FrameKind.UA if self._state is LinkState.CONNECTING:
                self._connected(frame)
            case FrameKind.UA | FrameKind.DM if self._state is LinkState.DISCONNECTING:
                self._move(LinkSignal.GRANT)
            case FrameKind.DM if self._state is not LinkState.DISCONNECTED:
                self._move(LinkSignal.REFUSE)
                raise LinkClosedError("The meter's station answers that it is disconnected (DM)")
            case FrameKind.FRMR if self._state is LinkState.CONNECTED:
                self._move(LinkSignal.REJECT)
                got = frame.information.hex()
                raise RemoteProtocolError("the meter's station rejects a frame (FRMR)", got=got, clause=CLAUSE)
            case FrameKind.I | FrameKind.RR | FrameKind.RNR if self._state is LinkState.CONNECTED:
                self._take_numbered(frame, now_ms)
            case FrameKind.UI:
                self._take_message(self._unnumbered.take(frame))

    def _connected(self, frame: HdlcFrame) -> None:
        try:
            self.parameters = self._proposed.granted_to(decode_parameters(frame.information))
            self.parameters.check(RemoteProtocolError)
        except RemoteProtocolError:
            self._move(LinkSignal.LOSE)
            raise
        self._move(LinkSignal.GRANT)
        if self._server.to_calling:
            self._server = frame.source
        self._numbering = Numbering(self.parameters.max_information_octets_transmit, self.parameters.window_transmit)
        self._answer_due = False

    def _take_numbered(self, frame: HdlcFrame, now_ms: int) -> None:
        numbering = self._numbering
        assert frame.receive_sequence is not None
        before = numbering.acknowledged, numbering.received
        if not numbering.acknowledge(frame.receive_sequence):
            return  # of no turn of this connection
        if frame.kind is FrameKind.I:
            self._take_message(numbering.take(frame))
        else:
            numbering.peer_busy = frame.kind is FrameKind.RNR
        if (numbering.acknowledged, numbering.received) != before:
            self._fruitless = 0
        if frame.poll_final and self._asked:
            self._asked = False
            self._deadline_ms = None
            self._go_on(now_ms, progress=(numbering.acknowledged, numbering.received) != before)

    def _take_message(self, message: bytes | None) -> None:
        if message is not None:
            self._apdus.append(without_llc(message, LLC_RESPONSE))
            self._answer_due = False

    def _go_on(self, now_ms: int, *, progress: bool) -> None:
        """The turn is ours again: send what there is to send, or ask for what there is to come."""
        numbering = self._numbering
        if numbering.incoming.unfinished or (numbering.has_unsent and not numbering.peer_busy):
            if not progress:
                self._count_fruitless()
            self._take_turn(now_ms)
        elif (numbering.has_unsent or self._answer_due) and self._polls < HDLC_POLLS_MAX:
            self._polls += 1
            self._deadline_ms = now_ms + self._timing.poll_interval_ms
        elif self._timing.keep_alive_ms is not None:
            self._deadline_ms = now_ms + self._timing.keep_alive_ms

    def _count_fruitless(self) -> None:
        self._fruitless += 1
        if self._fruitless < self._timing.tries:
            return
        ending = self._state is LinkState.DISCONNECTING
        self._move(LinkSignal.LOSE)
        if not ending:  # a station that is gone is disconnected as well
            raise LinkTimeoutError(f"The meter's station does not answer, asked {self._fruitless} times")

    # What goes

    def _take_turn(self, now_ms: int) -> None:
        numbering = self._numbering
        turn = numbering.take_turn()
        received = numbering.received
        if not turn:
            self._put(
                encode_frame(self._server, self._own, supervisory_control(FrameKind.RR, received, poll_final=True))
            )
        for index, (number, segment) in enumerate(turn, 1):
            control = information_control(number, received, poll_final=index == len(turn))
            self._put(encode_frame(self._server, self._own, control, segment.information, segmented=segment.more))
        self._expect(now_ms)

    def _ask_for_connection(self, now_ms: int) -> None:
        proposes = self._proposed != HdlcParameters()
        self._put_unnumbered(FrameKind.SNRM, now_ms, self._proposed.encode() if proposes else b"")

    def _put_unnumbered(self, kind: FrameKind, now_ms: int, information: bytes = b"") -> None:
        self._put(encode_frame(self._server, self._own, unnumbered_control(kind, poll_final=True), information))
        self._expect(now_ms)

    def _put(self, octets: bytes) -> None:
        self._outgoing.append(octets)

    def _expect(self, now_ms: int) -> None:
        """The turn has been put: it leaves when the line has been silent for long enough, and then an answer is due."""
        if now_ms < self._quiet_until_ms:
            self._held_until_ms = self._quiet_until_ms
        self._asked = True
        self._deadline_ms = max(now_ms, self._quiet_until_ms) + self._timing.response_timeout_ms

    def _release(self, now_ms: int) -> None:
        if self._held_until_ms is not None and now_ms >= self._held_until_ms:
            self._held_until_ms = None

    def _move(self, signal: LinkSignal) -> None:
        self._state = _MOVES[self._state][signal]
        self._asked = False
        self._deadline_ms = None
