"""Long pushes in general blocks, without an association: whole through losses, bounded, silent receivers no obstacle."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import IncomingPushes, OutgoingPush
from ferraris.dlms.apdu import GeneralBlockTransfer, decode_apdu
from ferraris.dlms.push_blocks import REPETITIONS_MAX
from ferraris.kernel.errors import DecodeError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import LONG_PUSH_OCTETS_MAX
from tests.dlms.pushes import notification, readings

PUSH = notification(readings(*range(100)))
TIMEOUT_MS = 1_000


def carry(outgoing: OutgoingPush, incoming: IncomingPushes, fates: list[int]) -> list[bytes]:
    """What the receiver has put together when the sender is done; `fates` says how many copies arrive."""
    fate = (fates[place] if place < len(fates) else 1 for place in count())
    whole = []
    for _ in range(1_000):
        for block in outgoing.outgoing():
            for _ in range(next(fate)):
                push = incoming.take(block)
                whole += [] if push is None else [push]
        answers = incoming.outgoing()
        for answer in answers:
            for _ in range(next(fate)):
                outgoing.receive(answer, 0)
        if outgoing.over:
            return whole
        if not answers:
            wake_ms = outgoing.wake_at()
            assert wake_ms is not None
            outgoing.tick(wake_ms)
    raise AssertionError("no end")


APDUS = st.builds(lambda size, seed: Random(seed).randbytes(size), st.integers(1, 5_000), st.integers())


@given(APDUS, st.integers(100, 2_000), st.lists(st.sampled_from((0, 1, 1, 2)), max_size=80))
def test_it_comes_whole_and_once_through_losses(apdu: bytes, pdu_size: int, fates: list[int]) -> None:
    whole = carry(OutgoingPush(apdu, pdu_size, TIMEOUT_MS, 0), IncomingPushes(), fates)
    assert whole == [apdu] or (not whole and fates.count(0) > REPETITIONS_MAX)


def test_its_blocks_stream_in_one_window() -> None:
    outgoing = OutgoingPush(PUSH, 500, TIMEOUT_MS, 0)
    blocks = [decode_apdu(block) for block in outgoing.outgoing()]
    assert outgoing.all_sent
    assert [block.streaming for block in blocks] == [True] * (len(blocks) - 1) + [False]  # type: ignore[union-attr]
    assert b"".join(block.octets for block in blocks) == PUSH  # type: ignore[union-attr]


def test_a_receiver_that_never_acknowledges_is_sent_it_a_few_times() -> None:
    outgoing, rounds = OutgoingPush(PUSH, 500, TIMEOUT_MS, 0), 0
    while not outgoing.over:
        rounds += bool(outgoing.outgoing())
        outgoing.tick(outgoing.wake_at() or 0)
    assert rounds == REPETITIONS_MAX + 1


def test_the_last_block_is_acknowledged_whenever_it_comes() -> None:
    incoming = IncomingPushes()
    blocks = OutgoingPush(PUSH, 500, TIMEOUT_MS, 0).outgoing()
    whole = [incoming.take(block) for block in blocks]
    assert whole[-1] == PUSH
    assert whole[:-1] == [None] * (len(blocks) - 1)
    for _ in range(2):
        (acknowledgement,) = map(decode_apdu, incoming.outgoing())
        assert isinstance(acknowledgement, GeneralBlockTransfer)
        assert acknowledgement.block_number_acknowledged == len(blocks)
        assert incoming.take(blocks[-1]) is None  # the sender has not heard it


def test_one_push_follows_another() -> None:
    incoming = IncomingPushes()
    for push in (PUSH, PUSH[::-1], b"\x0fshort", PUSH):
        outgoing = OutgoingPush(push, 500, TIMEOUT_MS, 0)
        assert carry(outgoing, incoming, []) == [push]


def test_what_comes_in_one_piece_passes() -> None:
    incoming = IncomingPushes()
    for apdu in (b"", b"\xdb", PUSH):
        assert incoming.take(apdu) == apdu
    assert incoming.outgoing() == []


def test_a_bomb_is_refused_and_forgotten() -> None:
    incoming = IncomingPushes()
    block = bytes(16_000)
    *fitting, last = range(1, LONG_PUSH_OCTETS_MAX // len(block) + 2)
    for number in fitting:
        assert incoming.take(GeneralBlockTransfer(0x40, number, 0, block).encode()) is None
    with pytest.raises(RemoteProtocolError, match="too long together"):
        incoming.take(GeneralBlockTransfer(0x40, last, 0, block).encode())
    blocks = OutgoingPush(PUSH, 500, TIMEOUT_MS, 0).outgoing()
    assert [incoming.take(block) for block in blocks][-1] == PUSH


def test_too_many_blocks_are_not_begun() -> None:
    with pytest.raises(LocalProtocolError, match="too many blocks"):
        OutgoingPush(bytes(70_000), 10, TIMEOUT_MS, 0)


@given(st.lists(st.one_of(st.binary(max_size=30), st.builds(lambda tail: b"\xe0" + tail, st.binary(max_size=30)))))
def test_any_octets_raise_the_right_error_only(many: list[bytes]) -> None:
    incoming = IncomingPushes()
    for octets in many:
        with suppress(DecodeError, RemoteProtocolError):
            incoming.take(octets)
        assert len(incoming.outgoing()) <= 2
