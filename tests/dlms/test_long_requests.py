"""Long requests: SET and ACTION of any size in blocks of any size come back whole, and no lie about blocks is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE
from ferraris.dlms.apdu import (
    ActionRequestNormal,
    ActionRequestWithList,
    Block,
    Conformance,
    DataAccessResult,
    GetRequestNormal,
    MethodDescriptor,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithFirstBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstBlock,
    decode_apdu,
)
from ferraris.dlms.long_requests import FIRST_BLOCKS, BlockRefusedError, IncomingRequest, OutgoingRequest, can_be_cut
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import LONG_REQUEST_OCTETS_MAX
from tests.dlms.bottle import DISCONNECT, VALUE

VALUES = st.binary(max_size=900).map(lambda octets: b"\x09\x82" + len(octets).to_bytes(2, "big") + octets)
SELECTIONS = st.one_of(st.none(), st.just(SelectiveAccess(1, b"\x00")))
PDU_SIZES = st.integers(64, 500)
OTHER = MethodDescriptor(9, Obis.parse("0.0.10.0.1.255"), 1)


@st.composite
def requests(draw: st.DrawFn) -> object:
    match draw(st.integers(0, 3)):
        case 0:
            return SetRequestNormal(0xC1, VALUE, draw(SELECTIONS), draw(VALUES))
        case 1:
            return ActionRequestNormal(0xC1, DISCONNECT, draw(VALUES))
        case 2:
            values = tuple(draw(st.lists(VALUES, min_size=1, max_size=3)))
            return SetRequestWithList(0xC1, tuple((VALUE, draw(SELECTIONS)) for _ in values), values)
        case _:
            values = tuple(draw(st.lists(VALUES, min_size=1, max_size=3)))
            return ActionRequestWithList(0xC1, (DISCONNECT, OTHER, DISCONNECT)[: len(values)], values)


@given(requests(), PDU_SIZES)
def test_a_request_of_any_size_in_blocks_of_any_size_comes_back(request: object, pdu_size: int) -> None:
    assert can_be_cut(request, int(CONFORMANCE_OF_THIS_ENGINE))
    outgoing = OutgoingRequest(request, pdu_size)
    octets = outgoing.first().encode()
    assert len(octets) <= pdu_size
    first = decode_apdu(octets)
    assert isinstance(first, FIRST_BLOCKS)
    incoming = IncomingRequest(first)
    whole = incoming.receive(first.block)
    while whole is None:
        assert not outgoing.whole
        octets = outgoing.next(incoming.block_number).encode()
        assert len(octets) <= pdu_size
        further = decode_apdu(octets)
        whole = incoming.receive(further.block)  # type: ignore[union-attr]
    assert outgoing.whole
    assert whole == request


def test_only_what_was_negotiated_is_cut() -> None:
    write, act = SetRequestNormal(1, VALUE, None, b"\x11\x05"), ActionRequestNormal(1, DISCONNECT, b"\x11\x05")
    blocks = Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE, Conformance.BLOCK_TRANSFER_WITH_ACTION
    assert [can_be_cut(write, bit) for bit in blocks] == [True, False]
    assert [can_be_cut(act, bit) for bit in blocks] == [False, True]
    assert not can_be_cut(GetRequestNormal(1, VALUE), int(CONFORMANCE_OF_THIS_ENGINE))
    assert not can_be_cut(ActionRequestNormal(1, DISCONNECT), int(CONFORMANCE_OF_THIS_ENGINE))


def test_names_that_fill_an_apdu_leave_no_room_for_a_value() -> None:
    items = ((VALUE, None),) * 9
    with pytest.raises(LocalProtocolError, match="names are longer"):
        OutgoingRequest(SetRequestWithList(1, items, (b"\x11\x05",) * 9), 64).first()


@pytest.mark.parametrize("acknowledged", [0, 2, 0xFFFF_FFFF])
def test_another_block_than_the_last_sent_cannot_be_acknowledged(acknowledged: int) -> None:
    outgoing = OutgoingRequest(SetRequestNormal(1, VALUE, None, b"\x09\x81\xff" + bytes(255)), 64)
    outgoing.first()
    with pytest.raises(RemoteProtocolError, match="another block"):
        outgoing.next(acknowledged)


def test_the_last_block_has_no_next_one() -> None:
    outgoing = OutgoingRequest(SetRequestNormal(1, VALUE, None, b"\x11\x05"), 64)
    assert outgoing.first().block.last_block
    with pytest.raises(RemoteProtocolError):
        outgoing.next(1)


FIRST = SetRequestWithFirstBlock(1, VALUE, None, Block(False, 1, b"\x09\x04"))


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (Block(False, 1, b"a"), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (Block(True, 3, b"a"), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (Block(False, 0, b"a"), DataAccessResult.DATA_BLOCK_NUMBER_INVALID),
        (Block(False, 2, b""), DataAccessResult.DATA_BLOCK_UNAVAILABLE),
        (Block(False, 2, bytes(LONG_REQUEST_OCTETS_MAX)), DataAccessResult.LONG_SET_ABORTED),
    ],
)
def test_a_block_out_of_its_place_empty_or_too_long_ends_the_transfer(block: Block, reason: DataAccessResult) -> None:
    incoming = IncomingRequest(FIRST)
    assert incoming.receive(FIRST.block) is None
    with pytest.raises(BlockRefusedError) as caught:
        incoming.receive(block)
    assert caught.value.reason is reason


@pytest.mark.parametrize("octets", [b"", b"\x02\x11\x05", b"\x01", b"\x01\x11\x05\x00"])
def test_blocks_that_hold_no_list_of_values_are_refused(octets: bytes) -> None:
    first = SetRequestWithListAndFirstBlock(1, ((VALUE, None),), Block(True, 1, octets))
    with pytest.raises(BlockRefusedError, match="no request"):
        IncomingRequest(first).receive(first.block)
