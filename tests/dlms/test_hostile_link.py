"""Both ends of an association over a link that loses, repeats, delays, cuts and changes APDUs, in any order.

Whatever the link does: the server is asked nothing that the client did not ask, and nothing twice; no end uses an invocation
counter twice under one key; states change by the table only; and when the link heals, the next association stands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ferraris.dlms import (
    TRANSITIONS,
    Aborted,
    Associate,
    Associated,
    Association,
    Ciphering,
    Event,
    Rejected,
    Release,
    Released,
    RequestReceived,
    ResponseReceived,
    Role,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ExceptionResponse,
    GetRequestNormal,
    GetResponseNormal,
    SetRequestNormal,
    decode_apdu,
)
from ferraris.dlms.protection import CIPHERED_TAGS
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkClosedError, LocalProtocolError
from tests.dlms.bottle import (
    CLIENT_TITLE,
    DISCONNECT,
    LONG_VALUE,
    PROFILE,
    SERVER_TITLE,
    VALUE,
    Counter,
    Guard,
    ciphered_settings,
    serve,
)

PLAIN_TAGS = {0x60, 0x61, 0x62, 0x63, 0xD8}
"""AARQ, AARE, RLRQ, RLRE and exception-response: all that leaves an end in the clear."""
BETWEEN_CALLS = {State.IDLE, State.HLS_PENDING, State.ASSOCIATED, State.RESPONSE_PENDING}
"""Where a server may stand when it has nothing more to do; a client may wait for an AARE and an RLRE besides."""


@dataclass
class Wire:
    """One direction of the link: what is on its way, and all that ever was."""

    waiting: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)

    def put(self, apdus: Iterable[bytes]) -> None:
        for apdu in apdus:
            self.waiting.append(apdu)
            self.sent.append(apdu)


def reachable(role: Role, start: State) -> set[State]:
    """The states that one call of an end may lead to: by any moves of the table, passing states included."""
    found, waiting = {start}, [start]
    while waiting:
        for target in TRANSITIONS[role][waiting.pop()].values():
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


class HostileLink(RuleBasedStateMachine):
    """Commands to the client, answers of the server, and everything that a link or somebody on it can do."""

    @initialize(ciphering=st.sampled_from(list(Ciphering)), pdu_size=st.sampled_from([0, 200, 1000]))
    def begin(self, ciphering: Ciphering, pdu_size: int) -> None:
        client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
        assert client.security is not None
        assert server.security is not None
        self.counters = {CLIENT_TITLE: client.security.counters, SERVER_TITLE: server.security.counters}
        self.guards = (client.security.guard, server.security.guard)
        entropy = SeededEntropy(11)
        self.client = Association(Role.CLIENT, replace(client, max_receive_pdu_size=pdu_size), entropy.fork("client"))
        self.server = Association(Role.SERVER, server, entropy.fork("server"))
        self.up, self.down = Wire(), Wire()
        self.now_ms = 0
        self.asked = 0
        """How many different requests the client has made: each has a number in it."""
        self.pending_request: RequestReceived | None = None
        self.made: list[object] = []
        self.seen: list[object] = []
        self.client_associated = self.server_associated = False
        self.waiting_for: object = None

    # What the drivers do

    @rule()
    def associate(self) -> None:
        self.command(Associate(), State.IDLE)

    @rule()
    def release(self) -> None:
        self.command(Release(), State.ASSOCIATED)

    @rule(kind=st.sampled_from(["get", "set", "act", "get long"]), arrives=st.booleans())
    def ask(self, kind: str, arrives: bool) -> None:
        self.asked += 1
        number = self.asked.to_bytes(4, "big")
        request = {
            "get": GetRequestNormal(0xC1, VALUE),
            "get long": GetRequestNormal(0xC2, PROFILE),
            "set": SetRequestNormal(0xC3, VALUE, None, b"\x06" + number),
            "act": ActionRequestNormal(0xC4, DISCONNECT, b"\x06" + number),
        }[kind]
        if self.command(request, State.ASSOCIATED):
            self.waiting_for = request
            self.made.append(request)
            if arrives:
                self.deliver(True)

    @rule()
    def answer(self) -> None:
        """The server's driver answers the request that it was told of, however long ago that was."""
        if self.pending_request is None:
            return
        request, self.pending_request = self.pending_request.request, None
        try:
            self.server.send(serve(request), self.now_ms)
        except LocalProtocolError:
            assert self.server.state is not State.RESPONSE_PENDING, "the client has started over meanwhile"
        self.collect()

    @rule(elapsed_ms=st.sampled_from([1, 9_999, 10_000, 60_000]))
    def wait(self, elapsed_ms: int) -> None:
        self.now_ms += elapsed_ms
        for end in (self.client, self.server):
            end.tick(self.now_ms)
            wake_ms = end.wake_at()
            assert wake_ms is None or wake_ms > self.now_ms
        self.collect()

    @rule(which=st.sampled_from(["client", "server"]))
    def break_link(self, which: str) -> None:
        end = self.client if which == "client" else self.server
        end.abort(LinkClosedError("the link broke"))
        assert end.state is State.IDLE
        self.collect()

    # What the link does

    @rule(upwards=st.booleans())
    def deliver(self, upwards: bool) -> None:
        wire = self.up if upwards else self.down
        if wire.waiting:
            self.hand_over(upwards, wire.waiting.pop(0))

    @rule(upwards=st.booleans())
    def lose(self, upwards: bool) -> None:
        wire = self.up if upwards else self.down
        if wire.waiting:
            wire.waiting.pop(0)

    @rule(upwards=st.booleans())
    def overtake(self, upwards: bool) -> None:
        wire = self.up if upwards else self.down
        if wire.waiting:
            self.hand_over(upwards, wire.waiting.pop())

    @rule(upwards=st.booleans(), data=st.data())
    def replay(self, upwards: bool, data: st.DataObject) -> None:
        """Anything that was ever sent comes once more."""
        wire = self.up if upwards else self.down
        if wire.sent:
            self.hand_over(upwards, wire.sent[data.draw(st.integers(0, len(wire.sent) - 1))])

    @rule(data=st.data())
    def reflect(self, data: st.DataObject) -> None:
        """What an end has sent comes back to it."""
        upwards = data.draw(st.booleans())
        wire = self.down if upwards else self.up
        if wire.sent:
            self.hand_over(upwards, wire.sent[data.draw(st.integers(0, len(wire.sent) - 1))])

    @rule(upwards=st.booleans(), data=st.data())
    def truncate(self, upwards: bool, data: st.DataObject) -> None:
        wire = self.up if upwards else self.down
        if wire.waiting:
            apdu = wire.waiting.pop(0)
            self.hand_over(upwards, apdu[: data.draw(st.integers(0, len(apdu) - 1))])

    @rule(upwards=st.booleans(), data=st.data())
    def flip(self, upwards: bool, data: st.DataObject) -> None:
        wire = self.up if upwards else self.down
        if wire.waiting:
            apdu = bytearray(wire.waiting.pop(0))
            bit = data.draw(st.integers(0, 8 * len(apdu) - 1))
            apdu[bit // 8] ^= 1 << bit % 8
            self.hand_over(upwards, bytes(apdu))

    @rule(upwards=st.booleans(), octets=st.binary(max_size=40))
    def inject(self, upwards: bool, octets: bytes) -> None:
        self.hand_over(upwards, octets)

    @rule()
    def inject_a_request(self) -> None:
        """Somebody without the key asks."""
        self.hand_over(True, ActionRequestNormal(0xC1, DISCONNECT, b"\x0f\x00").encode())

    @rule()
    def calm(self) -> None:
        """Nothing happens on the link for a while."""
        self.settle()

    @rule()
    def heal(self) -> None:
        """The link is sound again and both drivers start over: the association must stand and serve."""
        self.up.waiting.clear()
        self.down.waiting.clear()
        self.client.abort(LinkClosedError("the link broke"))
        self.collect()
        self.pending_request = None
        self.associate()
        self.settle()
        assert self.client.state is self.server.state is State.ASSOCIATED
        self.ask("get long", arrives=True)
        self.settle()
        assert self.answered == GetResponseNormal(0xC2, LONG_VALUE)

    # How it is carried out

    def command(self, command: object, allowed_in: State) -> bool:
        """Tell the client; whether its state allowed it, which the table alone decides."""
        before = self.client.state
        try:
            self.client.send(command, self.now_ms)  # type: ignore[arg-type]
        except LocalProtocolError:
            assert before is not allowed_in
            assert self.client.state is before
            return False
        assert before is allowed_in
        self.collect()
        return True

    def settle(self) -> None:
        for _ in range(100):
            self.deliver(True)
            self.answer()
            self.deliver(False)
            if not self.up.waiting and not self.down.waiting:
                return
        raise AssertionError("the two ends never come to an end")

    def hand_over(self, upwards: bool, octets: bytes) -> None:
        end, role = (self.server, Role.SERVER) if upwards else (self.client, Role.CLIENT)
        allowed = reachable(role, end.state)
        end.receive(octets, self.now_ms)
        assert end.state in allowed
        self.collect()

    def collect(self) -> None:
        self.answered = None
        for event in self.server.events():
            self.take_server_event(event)
        for event in self.client.events():
            self.take_client_event(event)
        self.up.put(self.client.outgoing())
        self.down.put(self.server.outgoing())

    def take_server_event(self, event: Event) -> None:
        assert isinstance(event, Associated | Aborted | Released | RequestReceived | Violated)
        if isinstance(event, RequestReceived):
            assert self.server_associated, "a request without an association"
            assert event.request in self.made, "a request that the client did not make"
            # Requests that change something have a number: none is seen twice.
            if isinstance(event.request, SetRequestNormal | ActionRequestNormal):
                assert event.request not in self.seen, "a request is carried out twice"
                self.seen.append(event.request)
            self.pending_request = event
        elif isinstance(event, Associated):
            assert event.peer_system_title == CLIENT_TITLE
            self.server_associated = True
        elif not isinstance(event, Violated):
            self.server_associated = False

    def take_client_event(self, event: Event) -> None:
        assert isinstance(event, Associated | Aborted | Released | Rejected | ResponseReceived)
        if isinstance(event, ResponseReceived):
            assert self.client_associated, "an answer without an association"
            self.answered = event.response
            if not isinstance(event.response, ExceptionResponse):
                assert self.waiting_for is not None
                assert event.response == serve(self.waiting_for), "an answer to another request"  # type: ignore[arg-type]
            self.waiting_for = None
        elif isinstance(event, Associated):
            assert event.peer_system_title == SERVER_TITLE
            self.client_associated = True
        else:
            self.client_associated = False

    # What always holds

    @invariant()
    def no_counter_is_used_twice(self) -> None:
        for counter in self.counters.values():
            assert isinstance(counter, Counter)
            assert len(set(counter.taken)) == len(counter.taken)
        for wire in (self.up, self.down):
            vectors = [vector_of(apdu) for apdu in wire.sent if apdu[0] in {0xC8, 0xC9, 0xCB, 0xCC, 0xCD, 0xCF, 0xDB}]
            assert len(set(vectors)) == len(vectors)

    @invariant()
    def a_guard_never_goes_back(self) -> None:
        for guard, sender in zip(self.guards, (SERVER_TITLE, CLIENT_TITLE), strict=True):
            assert isinstance(guard, Guard)
            taken = self.counters[sender].taken  # type: ignore[attr-defined]
            assert set(guard.last) <= {sender}
            assert not guard.last or guard.last[sender] in taken

    @invariant()
    def ends_stand_where_they_may(self) -> None:
        assert self.server.state in BETWEEN_CALLS
        assert (self.server.state in (State.ASSOCIATED, State.RESPONSE_PENDING)) <= self.server_associated
        assert (self.client.state in (State.ASSOCIATED, State.RESPONSE_PENDING)) <= self.client_associated

    @invariant()
    def whoever_waits_has_a_deadline(self) -> None:
        waits = self.client.state not in (State.IDLE, State.ASSOCIATED)
        assert (self.client.wake_at() is not None) == waits
        assert (self.server.wake_at() is not None) == (self.server.state is State.HLS_PENDING)

    @invariant()
    def nothing_readable_leaves_an_end(self) -> None:
        for apdu in (*self.up.sent[-3:], *self.down.sent[-3:]):
            assert apdu[0] in PLAIN_TAGS | CIPHERED_TAGS
            assert LONG_VALUE[:64] not in apdu
            if apdu[0] == 0xD8:
                assert isinstance(decode_apdu(apdu), ExceptionResponse)


def vector_of(apdu: bytes) -> bytes:
    """Key's form and invocation counter of a ciphered APDU under the global key."""
    start = 10 if apdu[0] == 0xDB else 1
    width = 1 if apdu[start] < 0x80 else 1 + (apdu[start] & 0x7F)
    return apdu[start + width + 1 : start + width + 5]


TestHostileLink = HostileLink.TestCase
TestHostileLink.settings = hypothesis_settings(max_examples=200, stateful_step_count=40, deadline=None)
