"""A client on wired M-Bus, and a meter there, in a bottle."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.line import DataLink, LineMessage
from ferraris.dlms.mbus_framing import MbusFraming, MbusFramingSettings
from ferraris.dlms.mbus_line import MbusLine
from ferraris.dlms.mbus_segments import segments_of
from ferraris.kernel.errors import DecodeError, LinkTimeoutError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import MBUS_POLLS_MAX
from ferraris.mbus import MbusTiming, encode_long_frame

ACK = b"\xe5"
SETTINGS = MbusFramingSettings(MbusTiming(response_timeout_ms=100, tries=3, inter_octet_timeout_ms=20), 10)


def framing(address: int = 5) -> MbusFraming:
    return MbusFraming(16, 1, address, SETTINGS)


def connected() -> MbusFraming:
    client = framing()
    client.connect(0)
    client.outgoing()
    client.receive(ACK, 0)
    assert client.connected
    return client


@dataclass
class Bottle:
    """A client, and a meter that answers each APDU with those of `answers`, so many `polls_late`."""

    answers: list[bytes]
    polls_late: int = 0
    losses: list[bool] = field(default_factory=list)
    echo: bool = False
    client: MbusFraming = field(default_factory=framing)
    line: MbusLine = field(default_factory=lambda: MbusLine({5: {1}, 6: {1}}, 20))
    asked: list[bytes] = field(default_factory=list)
    now_ms: int = 0
    _late: list[DataLink] = field(default_factory=list)

    def _lost(self) -> bool:
        return bool(self.losses) and self.losses.pop(0)

    def exchange(self, apdu: bytes) -> list[bytes]:
        if not self.client.connected:
            self.client.connect(self.now_ms)
            self._until(lambda: self.client.connected)
        self.client.send(apdu, self.now_ms)
        got: list[bytes] = []
        self._until(lambda: bool(got.extend(self.client.apdus()) or len(got) == len(self.answers)))
        return got

    def _until(self, done: object) -> None:
        assert callable(done)
        for _ in range(10_000):
            if done():
                return
            frames = self.client.outgoing()
            for frame in frames:
                self._carry(frame)
            wake_ms = self.client.wake_at()
            if wake_ms is not None and not frames:
                self.now_ms = max(self.now_ms, wake_ms)
                self.client.tick(self.now_ms)
        raise AssertionError("nothing comes of it")

    def _carry(self, frame: bytes) -> None:
        if self.echo:
            self.client.receive(frame, self.now_ms)
        for octet in b"" if self._lost() else frame:
            self.line.receive(bytes((octet,)), self.now_ms)
        back = b"".join(self.line.outgoing())
        for event in self.line.events():
            if isinstance(event, LineMessage):
                self.asked.append(event.apdu)
                self._late += [event.link]
        if self._late and self.polls_late == 0:
            for answer in self.answers:
                self.line.send(self._late[0], answer)
            self._late.clear()
        elif self._late:
            self.polls_late -= 1
        self.client.receive(b"" if self._lost() else back, self.now_ms)


def test_an_apdu_there_and_one_back() -> None:
    bottle = Bottle([b"\xc4\x01"])
    assert bottle.exchange(b"\xc0\x01") == [b"\xc4\x01"]
    assert bottle.asked == [b"\xc0\x01"]
    assert bottle.client.wake_at() is None


@pytest.mark.parametrize("echo", [False, True])
def test_long_apdus_go_in_segments_both_ways(echo: bool) -> None:
    long = bytes(range(256)) * 20
    bottle = Bottle([long[::-1]], echo=echo)
    assert bottle.exchange(long) == [long[::-1]]
    assert bottle.asked == [long]


def test_a_meter_that_takes_its_time_is_asked_again() -> None:
    bottle = Bottle([b"\xc4"], polls_late=7)
    assert bottle.exchange(b"\xc0") == [b"\xc4"]
    assert bottle.now_ms >= 5 * SETTINGS.poll_interval_ms


def test_several_answers_to_one_request() -> None:
    answers = [bytes((0xE0, number)) for number in range(4)]
    assert Bottle(answers).exchange(b"\xc0") == answers


def test_one_request_after_the_other() -> None:
    bottle = Bottle([b"\xc4"])
    for number in range(5):
        assert bottle.exchange(bytes((0xC0, number))) == [b"\xc4"]
    assert bottle.asked == [bytes((0xC0, number)) for number in range(5)]


@given(st.binary(min_size=1, max_size=800), st.binary(min_size=1, max_size=800), st.lists(st.booleans(), max_size=12))
def test_nothing_is_lost_or_doubled_on_a_line_that_loses_frames(there: bytes, back: bytes, losses: list[bool]) -> None:
    # never three in a row, after which a client gives up
    losses = [lost and not all(losses[max(0, n - 1) : n]) for n, lost in enumerate(losses)]
    bottle = Bottle([back], losses=losses)
    with contextlib.suppress(LinkTimeoutError):
        assert bottle.exchange(there) == [back]
        assert bottle.asked == [there]


def test_a_meter_that_is_gone() -> None:
    client = framing()
    client.connect(0)
    for now_ms in (100, 200):
        client.tick(now_ms)
    with pytest.raises(LinkTimeoutError):
        client.tick(300)
    assert not client.connected


def test_a_meter_that_never_answers_but_always_acknowledges() -> None:
    client = connected()
    client.send(b"\xc0", 0)
    client.receive(ACK, 0)
    now_ms = 0
    for _ in range(MBUS_POLLS_MAX - 1):
        client.receive(ACK, now_ms)
        now_ms += SETTINGS.poll_interval_ms
        client.tick(now_ms)
        assert client.outgoing()
    client.receive(ACK, now_ms)
    with pytest.raises(LinkTimeoutError, match="nothing ready"):
        client.tick(now_ms + SETTINGS.poll_interval_ms)


def test_a_segment_between_others_is_refused() -> None:
    for source, destination in ((2, 16), (1, 17), (16, 1)):
        client = connected()
        client.send(b"\xc0", 0)
        client.receive(ACK, 0)
        ((information, data),) = segments_of(b"\xc4", source, destination)
        with pytest.raises(RemoteProtocolError, match="other service access points"):
            client.receive(encode_long_frame(8, 5, information, data), 0)


@pytest.mark.parametrize("information", [0x01, 0x11, 0x20, 0x72])
def test_what_is_no_next_segment_is_refused(information: int) -> None:
    client = connected()
    client.send(b"\xc0", 0)
    client.receive(ACK, 0)
    with pytest.raises(DecodeError):
        client.receive(encode_long_frame(8, 5, information, b"\x01\x10\xc4"), 0)


def test_no_apdu_before_the_station_has_answered_nor_after_the_end() -> None:
    client = framing()
    with pytest.raises(LocalProtocolError):
        client.send(b"\xc0", 0)
    client = connected()
    client.disconnect(0)
    assert not client.connected
    assert client.wake_at() is None
    with pytest.raises(LocalProtocolError):
        client.send(b"\xc0", 0)


@pytest.mark.parametrize(("client", "server", "address"), [(256, 1, 5), (16, 256, 5), (16, 1, 255), (16, 1, -1)])
def test_addresses_that_are_none(client: int, server: int, address: int) -> None:
    with pytest.raises(LocalProtocolError):
        MbusFraming(client, server, address)


@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(0, 60)), max_size=20))
def test_any_octets_at_any_time_raise_only_the_right_errors(pieces: list[tuple[bytes, int]]) -> None:
    client = connected()
    client.send(b"\xc0\x01", 0)
    now_ms = 0
    with contextlib.suppress(RemoteProtocolError, LinkTimeoutError):
        for octets, passed_ms in pieces:
            now_ms += passed_ms
            client.tick(now_ms)
            client.receive(octets, now_ms)
