"""Block transfer: any result in blocks of any size comes back whole, and no block out of its place is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.apdu import (
    ActionAnswer,
    ActionRequestNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    Block,
    DataAccessResult,
    GetRequestNext,
    GetResponse,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    decode_apdu,
)
from ferraris.dlms.block_transfer import BlockReceiver, LongResult, cut
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.kernel.errors import DecodeError, RemoteProtocolError
from ferraris.kernel.limits import BLOCK_TRANSFER_BLOCKS_MAX, BLOCK_TRANSFER_OCTETS_MAX, PDU_SIZE_MIN

SIZES = st.integers(PDU_SIZE_MIN, 3000)


def octet_string(octets: bytes) -> bytes:
    return b"\x09\x82" + len(octets).to_bytes(2, "big") + octets


def carried(long: LongResult, receiver: BlockReceiver, pdu_size: int, overhead: int) -> GetResponse:
    """The result that the receiver puts together, each block as octets of at most `pdu_size`."""
    for _ in range(len(long.octets) + 2):
        octets = long.next_block(0xC1).encode()
        assert len(octets) + overhead <= pdu_size
        block = decode_apdu(octets)
        assert isinstance(block, GetResponseWithBlock)
        step = receiver.receive(block)
        if not isinstance(step, GetRequestNext):
            assert long.sent == len(long.octets)
            return step
        assert step == GetRequestNext(0xC1, block.block_number)
    raise AssertionError("no last block")


@given(st.binary(max_size=6000), SIZES, st.booleans())
def test_a_result_of_any_size_in_blocks_of_any_size_comes_back(octets: bytes, pdu_size: int, protected: bool) -> None:
    response = GetResponseNormal(0xC1, octet_string(octets))
    overhead = PROTECTION_OCTETS_MAX if protected else 0
    long = cut(response, pdu_size, protected=protected)
    if long is None:
        assert len(response.encode()) + overhead <= pdu_size
        return
    assert len(response.encode()) + overhead > pdu_size
    assert carried(long, BlockReceiver(with_list=False), pdu_size, overhead) == response


RESULTS = st.lists(
    st.one_of(st.binary(max_size=400).map(octet_string), st.sampled_from(list(DataAccessResult)[1:])),
    min_size=1,
    max_size=12,
)


@given(RESULTS, SIZES, st.booleans())
def test_a_list_of_any_size_in_blocks_of_any_size_comes_back(
    results: list[bytes | DataAccessResult], pdu_size: int, protected: bool
) -> None:
    response = GetResponseWithList(0xC1, tuple(results))
    overhead = PROTECTION_OCTETS_MAX if protected else 0
    long = cut(response, pdu_size, protected=protected)
    if long is None:
        assert len(response.encode()) + overhead <= pdu_size
        return
    assert carried(long, BlockReceiver(with_list=True), pdu_size, overhead) == response


@pytest.mark.parametrize(
    "response",
    [
        GetResponseNormal(0xC1, DataAccessResult.OBJECT_UNDEFINED),
        GetResponseWithBlock(0xC1, True, 1, bytes(1000)),
    ],
)
def test_what_is_no_long_value_is_never_cut(response: GetResponse) -> None:
    assert cut(response, PDU_SIZE_MIN, protected=True) is None


def test_the_boundary_is_exact() -> None:
    response = GetResponseNormal(0xC1, octet_string(bytes(196)))
    assert len(response.encode()) == 204
    assert cut(response, 204, protected=False) is None
    long = cut(response, 203, protected=False)
    assert long is not None
    assert len(long.next_block(0xC1).encode()) <= 203
    assert long.sent != len(long.octets)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_blocks_are_numbered_from_one_and_only_the_last_says_so(count: int) -> None:
    long = LongResult(bytes(10 * count), 10)
    blocks = [long.next_block(0xC4) for _ in range(count)]
    assert [block.block_number for block in blocks] == list(range(1, count + 1))
    assert [block.last_block for block in blocks] == [False] * (count - 1) + [True]
    assert {block.invoke_id_and_priority for block in blocks} == {0xC4}


# The receiver


def test_a_refusal_in_place_of_a_block_ends_the_transfer() -> None:
    for before in (0, 1, 3):
        receiver = BlockReceiver(with_list=False)
        for number in range(1, before + 1):
            receiver.receive(GetResponseWithBlock(0xC1, False, number, b"\x11"))
        refusal = GetResponseWithBlock(0xC1, True, 9, DataAccessResult.LONG_GET_ABORTED)
        assert receiver.receive(refusal) == GetResponseNormal(0xC1, DataAccessResult.LONG_GET_ABORTED)


@given(st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_a_block_out_of_order_is_refused(taken: int, number: int) -> None:
    receiver = BlockReceiver(with_list=False)
    for expected in range(1, taken + 1):
        receiver.receive(GetResponseWithBlock(0xC1, False, expected, b"\x11"))
    block = GetResponseWithBlock(0xC1, False, number, b"\x11")
    if number == taken + 1:
        assert receiver.receive(block) == GetRequestNext(0xC1, number)
        return
    with pytest.raises(RemoteProtocolError, match="out of order") as caught:
        receiver.receive(block)
    assert (caught.value.expected, caught.value.got) == (taken + 1, number)


def test_a_repeated_block_is_refused() -> None:
    receiver = BlockReceiver(with_list=False)
    block = GetResponseWithBlock(0xC1, False, 1, b"\x11")
    receiver.receive(block)
    with pytest.raises(RemoteProtocolError, match="out of order"):
        receiver.receive(block)


def test_an_empty_block_is_refused_unless_it_is_the_last() -> None:
    receiver = BlockReceiver(with_list=False)
    with pytest.raises(RemoteProtocolError, match="empty"):
        receiver.receive(GetResponseWithBlock(0xC1, False, 1, b""))
    receiver = BlockReceiver(with_list=False)
    receiver.receive(GetResponseWithBlock(0xC1, False, 1, b"\x11\x05"))
    assert receiver.receive(GetResponseWithBlock(0xC1, True, 2, b"")) == GetResponseNormal(0xC1, b"\x11\x05")


def test_the_octets_of_all_blocks_are_bounded() -> None:
    receiver = BlockReceiver(with_list=False)
    block_octets = BLOCK_TRANSFER_OCTETS_MAX // 16
    for number in range(1, 17):
        receiver.receive(GetResponseWithBlock(0xC1, False, number, bytes(block_octets)))
    with pytest.raises(RemoteProtocolError, match="too long"):
        receiver.receive(GetResponseWithBlock(0xC1, False, 17, b"\x00"))


def test_the_count_of_blocks_is_bounded() -> None:
    receiver = BlockReceiver(with_list=False)
    receiver.blocks = BLOCK_TRANSFER_BLOCKS_MAX
    with pytest.raises(RemoteProtocolError, match="too long"):
        receiver.receive(GetResponseWithBlock(0xC1, False, BLOCK_TRANSFER_BLOCKS_MAX + 1, b"\x00"))


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x02\x00\x11\x05", b"\x01\x01\xf0", b"\x01\x02\x01\x04"])
def test_blocks_of_a_list_that_hold_none_are_refused(octets: bytes) -> None:
    receiver = BlockReceiver(with_list=True)
    with pytest.raises(DecodeError):
        receiver.receive(GetResponseWithBlock(0xC1, True, 1, octets))


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=6), st.booleans())
def test_any_blocks_give_a_response_or_raise_our_error(blocks: list[bytes], with_list: bool) -> None:
    receiver = BlockReceiver(with_list=with_list)
    for number, octets in enumerate(blocks, 1):
        block = GetResponseWithBlock(0xC1, number == len(blocks), number, octets)
        try:
            step = receiver.receive(block)
        except RemoteProtocolError:
            assert with_list
            return
    expected = GetResponseWithList if with_list else GetResponseNormal
    assert isinstance(step, expected)


ANSWERS = st.one_of(st.none(), st.binary(max_size=600).map(octet_string), st.just(DataAccessResult.OTHER_REASON))


@given(st.sampled_from(ActionResult), ANSWERS, SIZES, st.booleans())
def test_what_a_method_returns_in_blocks_comes_back(
    result: ActionResult, data: bytes | DataAccessResult | None, pdu_size: int, protected: bool
) -> None:
    response = ActionResponseNormal(0xC1, result, data)
    long = cut(response, pdu_size, protected=protected)
    if long is None:
        return
    receiver = BlockReceiver(with_list=False)
    if result is ActionResult.SUCCESS:
        assert _carried(long, receiver, pdu_size, protected) == response


@given(st.lists(st.tuples(st.sampled_from(ActionResult), ANSWERS), min_size=1, max_size=9), SIZES, st.booleans())
def test_a_list_of_what_methods_return_comes_back(
    answers: list[tuple[ActionResult, bytes | DataAccessResult | None]], pdu_size: int, protected: bool
) -> None:
    response = ActionResponseWithList(0xC1, tuple(ActionAnswer(*answer) for answer in answers))
    long = cut(response, pdu_size, protected=protected)
    if long is not None:
        assert _carried(long, BlockReceiver(with_list=True), pdu_size, protected) == response


def _carried(long: LongResult, receiver: BlockReceiver, pdu_size: int, protected: bool) -> object:
    while True:
        octets = long.next_block(0xC1).encode()
        assert len(octets) + PROTECTION_OCTETS_MAX * protected <= pdu_size
        block = decode_apdu(octets)
        assert isinstance(block, ActionResponseWithBlock)
        step = receiver.receive(block)
        if not isinstance(step, ActionRequestNextBlock):
            return step
        assert step == ActionRequestNextBlock(0xC1, block.block.block_number)


def test_a_bare_value_in_the_blocks_of_an_action_is_what_a_method_returned() -> None:
    """As Gurux cuts it."""
    value = octet_string(bytes(range(100)))
    receiver = BlockReceiver(with_list=False)
    assert isinstance(
        receiver.receive(ActionResponseWithBlock(0xC1, Block(False, 1, value[:60]))), ActionRequestNextBlock
    )
    whole = receiver.receive(ActionResponseWithBlock(0xC1, Block(True, 2, value[60:])))
    assert whole == ActionResponseNormal(0xC1, ActionResult.SUCCESS, value)


@pytest.mark.parametrize(
    "block", [Block(False, 2, b"\x11"), Block(True, 0, b"\x11"), Block(False, 1, b"")], ids=["ahead", "zero", "empty"]
)
def test_a_wrong_block_of_an_action_is_refused(block: Block) -> None:
    with pytest.raises(RemoteProtocolError):
        BlockReceiver(with_list=False).receive(ActionResponseWithBlock(0xC1, block))
