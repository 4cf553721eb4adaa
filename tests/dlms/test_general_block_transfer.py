"""General block transfer: two ends in a bottle that loses and doubles blocks, and peers that lie."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.apdu import GeneralBlockTransfer, decode_apdu
from ferraris.dlms.general_block_transfer import BLOCK_HEADER_OCTETS, GeneralBlockTransferEnd
from ferraris.kernel.errors import DecodeError, FerrarisError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import GENERAL_BLOCK_WINDOW_MAX

TIMEOUT_MS = 1_000
PDU_SIZES = st.integers(20, 300)
WINDOWS = st.integers(1, 63)
APDUS = st.binary(min_size=1, max_size=3_000)


def client(pdu_size: int = 100, window: int = 4, octets_max: int = 10_000) -> GeneralBlockTransferEnd:
    return GeneralBlockTransferEnd(pdu_size, octets_max, window=window, timeout_ms=TIMEOUT_MS, leads=True)


def server(pdu_size: int = 100, window: int = 4, octets_max: int = 10_000) -> GeneralBlockTransferEnd:
    return GeneralBlockTransferEnd(pdu_size, octets_max, window=window, timeout_ms=TIMEOUT_MS, leads=False)


def block(number: int, octets: bytes = b"x", control: int = 0, acknowledged: int = 0) -> bytes:
    return GeneralBlockTransfer(control, number, acknowledged, octets).encode()


class Bottle:
    """Carries blocks between two ends; `fate` says how many copies of each arrive."""

    def __init__(self, ours: GeneralBlockTransferEnd, theirs: GeneralBlockTransferEnd, response: bytes) -> None:
        self.client, self.server, self.response = ours, theirs, response
        self.requests: list[bytes] = []
        self.round_trips = 0
        self.now_ms = 0

    def run(self, fate: Callable[[], int] = lambda: 1, waits_max: int = 1) -> bytes:
        """The response, when it has come whole."""
        for _ in range(100_000):
            upwards = self.client.outgoing()
            self.round_trips += bool(upwards)
            for octets in upwards:
                for _ in range(fate()):
                    self.server.receive(octets, self.now_ms)
            for request in self.server.events():
                self.requests.append(request)
                self.server.send(self.response, self.now_ms)
            downwards = self.server.outgoing()
            for octets in downwards:
                for _ in range(fate()):
                    self.client.receive(octets, self.now_ms)
            for response in self.client.events():
                return response
            if not upwards and not downwards:
                deadline_ms = self.client.wake_at()
                assert deadline_ms is not None, "nobody moves"
                waits_max -= 1
                assert waits_max >= 0, "nobody comes through"
                self.now_ms = deadline_ms
                self.client.tick(self.now_ms)
        raise AssertionError("no end")


@given(APDUS, APDUS, PDU_SIZES, PDU_SIZES, WINDOWS, WINDOWS)
def test_a_request_and_its_response_come_whole_in_any_windows(
    request: bytes, response: bytes, up: int, down: int, client_window: int, server_window: int
) -> None:
    bottle = Bottle(client(up, client_window), server(down, server_window), response)
    bottle.client.send(request, 0)
    assert bottle.run() == response
    assert bottle.requests == [request]


@given(APDUS, APDUS, WINDOWS, WINDOWS, st.integers(0, 10**9), st.integers(5, 40))
def test_what_is_lost_or_doubled_is_recovered_and_nothing_is_taken_twice(
    request: bytes, response: bytes, client_window: int, server_window: int, seed: int, lost: int
) -> None:
    random = Random(seed)  # drawn ones shrink to a link that loses everything, for ever

    def fate() -> int:
        drawn = random.randrange(100)
        return 0 if drawn < lost else 2 if drawn < lost + 10 else 1

    bottle = Bottle(client(100, client_window), server(100, server_window), response)
    bottle.client.send(request, 0)
    assert bottle.run(fate, waits_max=2_000) == response
    assert bottle.requests == [request]


@pytest.mark.parametrize("lost", range(12))
def test_any_single_block_lost_costs_one_wait_at_most(lost: int) -> None:
    request, response = bytes(range(200)) * 2, bytes(range(199, 0, -1)) * 2
    bottle = Bottle(client(), server(), response)
    bottle.client.send(request, 0)
    counted = iter(range(1_000))
    assert bottle.run(lambda: int(next(counted) != lost), waits_max=1) == response
    assert bottle.requests == [request]


def test_a_long_answer_to_a_plain_request_comes_in_one_round_trip_per_window() -> None:
    response = bytes(range(256)) * 12
    ours, theirs = client(window=8), server()
    theirs.send(response, 0)
    (first,) = theirs.outgoing()
    opening = decode_apdu(first)
    assert isinstance(opening, GeneralBlockTransfer)
    assert (opening.block_number, opening.streaming, opening.last_block) == (1, False, False)
    ours.receive(first, 0)
    bottle = Bottle(ours, theirs, b"")
    assert bottle.run() == response
    blocks = -(-len(response) // (100 - BLOCK_HEADER_OCTETS))
    assert bottle.round_trips == -(-(blocks - 1) // 8)


def test_a_long_request_to_a_peer_without_room_takes_as_many_acknowledgements_as_blocks() -> None:
    bottle = Bottle(client(20), server(window=1), b"done")
    bottle.client.send(bytes(2_000), 0)
    assert bottle.run() == b"done"
    assert bottle.round_trips == -(-2_000 // (20 - BLOCK_HEADER_OCTETS)) > GENERAL_BLOCK_WINDOW_MAX


def test_the_last_block_of_a_window_does_not_stream() -> None:
    theirs = server()
    theirs.send(bytes(1_000), 0)
    theirs.outgoing()
    theirs.receive(block(1, b"", 0x80 | 3, 1), 0)
    sent = [decode_apdu(octets) for octets in theirs.outgoing()]
    assert all(isinstance(one, GeneralBlockTransfer) for one in sent)
    assert [(one.block_number, one.streaming) for one in sent] == [(2, True), (3, True), (4, False)]  # type: ignore[union-attr]
    assert all(one.block_number_acknowledged == 1 for one in sent)  # type: ignore[union-attr]


def test_only_what_is_missing_is_asked_for() -> None:
    ours = client(window=8)
    ours.receive(block(1, b"a"), 0)
    ours.outgoing()
    for number in (2, 5, 6):
        ours.receive(block(number, b"b", 0x40), 0)
    assert ours.outgoing() == []
    ours.receive(block(7, b"c"), 0)
    (asked,) = map(decode_apdu, ours.outgoing())
    assert isinstance(asked, GeneralBlockTransfer)
    assert (asked.block_number_acknowledged, asked.window, asked.last_block, asked.octets) == (2, 2, True, b"")
    ours.receive(block(3, b"d", 0x40), 0)
    ours.receive(block(4, b"e"), 0)
    (asked,) = map(decode_apdu, ours.outgoing())
    assert isinstance(asked, GeneralBlockTransfer)
    assert (asked.block_number_acknowledged, asked.window) == (7, 8)
    ours.receive(block(8, b"f", 0x80), 0)
    assert ours.events() == [b"abdebbcf"]
    assert ours.outgoing() == []
    assert ours.wake_at() is None


def test_a_request_that_is_repeated_is_answered_again_and_not_taken_again() -> None:
    theirs = server()
    theirs.receive(block(1, b"request", 0x80 | 4), 0)
    assert theirs.events() == [b"request"]
    theirs.send(b"response", 0)
    first = theirs.outgoing()
    theirs.receive(block(1, b"request", 0x80 | 4), 0)
    assert theirs.events() == []
    assert theirs.outgoing() == first
    theirs.receive(block(1, b"another", 0x80 | 4), 0)
    assert theirs.events() == [b"another"]


def test_the_end_that_does_not_lead_never_wakes() -> None:
    theirs = server()
    theirs.receive(block(1, b"a"), 0)
    assert theirs.wake_at() is None
    theirs.send(bytes(1_000), 0)
    assert theirs.wake_at() is None
    before = theirs.outgoing()
    theirs.tick(10**9)
    assert before
    assert theirs.outgoing() == []


def test_doubled_blocks_do_not_double_what_follows() -> None:
    bottle = Bottle(client(window=8), server(), bytes(5_000))
    bottle.client.send(bytes(5_000), 0)
    assert bottle.run(lambda: 2) == bytes(5_000)
    plainly = Bottle(client(window=8), server(), bytes(5_000))
    plainly.client.send(bytes(5_000), 0)
    plainly.run()
    assert bottle.round_trips <= 2 * plainly.round_trips


def test_an_empty_block_completes_nothing() -> None:
    """As Gurux' client sends them between the blocks of its request, last-block bit and all."""
    theirs = server()
    theirs.receive(block(1, b"first"), 0)
    theirs.receive(block(1, b"", 0x81, 1), 0)
    theirs.receive(block(2, b"", 0x81, 2), 0)
    assert theirs.events() == []
    acknowledged = [decode_apdu(octets) for octets in theirs.outgoing()]
    assert {one.block_number_acknowledged for one in acknowledged} == {1}  # type: ignore[union-attr]
    theirs.receive(block(2, b"second", 0x80), 0)
    assert theirs.events() == [b"firstsecond"]


# Peers that lie


@pytest.mark.parametrize("end", [client, server])
def test_more_octets_than_agreed_are_refused_and_forgotten(end: Callable[..., GeneralBlockTransferEnd]) -> None:
    bombed = end(octets_max=1_000)
    for number in range(1, 12):
        bombed.receive(block(number, bytes(90), 0x40), 0)
    with pytest.raises(RemoteProtocolError, match="too long together"):
        bombed.receive(block(12, bytes(90), 0x40), 0)
    assert not bombed.active
    bombed.receive(block(1, b"whole", 0x80), 0)
    assert bombed.events() == [b"whole"]


def test_what_comes_early_counts_as_received() -> None:
    bombed = server(octets_max=1_000)
    bombed.receive(block(1, b"a", 0x40), 0)
    for number in range(60, 49, -1):
        bombed.receive(block(number, bytes(90), 0x40), 0)
    with pytest.raises(RemoteProtocolError, match="too long together"):
        bombed.receive(block(49, bytes(90), 0x40), 0)


@pytest.mark.parametrize("number", [GENERAL_BLOCK_WINDOW_MAX + 3, 65_535])
def test_a_block_far_ahead_is_refused(number: int) -> None:
    theirs = server()
    theirs.receive(block(1, b"a", 0x40), 0)
    with pytest.raises(RemoteProtocolError, match="far ahead"):
        theirs.receive(block(number), 0)


@pytest.mark.parametrize("octets", [block(2), block(0), block(1, b""), block(GENERAL_BLOCK_WINDOW_MAX + 1)])
def test_a_block_without_its_transfer_is_refused(octets: bytes) -> None:
    for end in (client(),) if octets == block(2) else (client(), server()):
        with pytest.raises(RemoteProtocolError, match="without its transfer"):
            end.receive(octets, 0)
        assert not end.active


def test_a_request_whose_first_block_is_lost_is_asked_for_from_there() -> None:
    """And what came before the first block is forgotten: it may be the rest of something else."""
    theirs = server()
    theirs.receive(block(2, b"stale"), 0)
    (asked,) = map(decode_apdu, theirs.outgoing())
    assert isinstance(asked, GeneralBlockTransfer)
    assert (asked.block_number_acknowledged, asked.octets) == (0, b"")
    theirs.receive(block(1, b"first", 0x40), 0)
    theirs.receive(block(2, b"second", 0x80), 0)
    assert theirs.events() == [b"firstsecond"]


def test_a_peer_that_sends_empty_blocks_only_is_given_up() -> None:
    ours = client()
    ours.receive(block(1, b"a"), 0)
    for number in range(2, GENERAL_BLOCK_WINDOW_MAX + 2):  # whatever number they have
        ours.outgoing()
        ours.receive(block(number, b""), 0)
        assert len(ours.outgoing()) == (number == 2)
    with pytest.raises(RemoteProtocolError, match="empty"):
        ours.receive(block(GENERAL_BLOCK_WINDOW_MAX + 2, b""), 0)


def test_an_acknowledgement_of_what_was_never_sent_counts_for_nothing() -> None:
    theirs = server()
    theirs.send(bytes(1_000), 0)
    theirs.outgoing()
    theirs.receive(block(1, b"", 0x80 | 63, 60_000), 0)
    assert theirs.outgoing() == []  # it says that it has everything
    theirs.begin()
    theirs.send(b"next", 0)
    assert len(theirs.outgoing()) == 1


def test_an_apdu_of_too_many_blocks_is_not_begun() -> None:
    with pytest.raises(LocalProtocolError, match="too many blocks"):
        client(pdu_size=10).send(bytes(65_536), 0)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.builds(block, st.integers(0, 70), st.binary(max_size=30), st.integers(0, 255), st.integers(0, 70)),
        ),
        max_size=40,
    ),
    st.booleans(),
)
def test_any_octets_raise_the_right_error_only(many: list[bytes], leads: bool) -> None:
    end = client() if leads else server()
    end.send(bytes(500), 0)
    for octets in many:
        try:
            end.receive(octets, 0)
        except (DecodeError, RemoteProtocolError):
            pass
        except FerrarisError as error:  # pragma: no cover
            raise AssertionError("another error") from error
        assert len(end.outgoing()) <= GENERAL_BLOCK_WINDOW_MAX + 1
        end.tick(10**6)
        end.outgoing()
