"""The server's block transfers: every APDU of one has an answer, and a wrong one ends its transfer only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import CONFORMANCE_OF_THIS_ENGINE, Ciphering, SecurityControl
from ferraris.dlms.apdu import (
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResult,
    Block,
    Conformance,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithBlock,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithBlock,
    SetRequestWithFirstBlock,
    SetResponseLastBlock,
    SetResponseLastBlockWithList,
    SetResponseNormal,
    SetResponseWithBlock,
    SetResponseWithList,
    StateError,
)
from ferraris.dlms.server_blocks import ServerBlocks
from tests.dlms.bottle import DISCONNECT, GET_VALUE, VALUE, Bottle, answer, associated, ciphered_settings

GRANTED = int(CONFORMANCE_OF_THIS_ENGINE)
FIRST_SET = SetRequestWithFirstBlock(1, VALUE, None, Block(False, 1, b"\x09\x03ab"))
FIRST_ACTION = ActionRequestWithFirstBlock(1, DISCONNECT, Block(False, 1, b"\x09\x03ab"))


def further(number: int, octets: bytes = b"c", *, last: bool = True) -> SetRequestWithBlock:
    return SetRequestWithBlock(1, Block(last, number, octets))


def test_a_long_set_is_acknowledged_block_by_block_and_answered_once() -> None:
    blocks = ServerBlocks()
    assert blocks.take(FIRST_SET) == (SetResponseWithBlock(1, 1), None)
    assert blocks.take(further(2)) == (None, SetRequestNormal(1, VALUE, None, b"\x09\x03abc"))
    response = SetResponseNormal(1, DataAccessResult.SUCCESS)
    assert blocks.closing(response) == SetResponseLastBlock(1, DataAccessResult.SUCCESS, 2)
    assert blocks.closing(response) == response


def test_a_long_list_is_answered_as_its_last_block() -> None:
    blocks = ServerBlocks()
    blocks.take(FIRST_SET)
    blocks.take(further(2))
    results = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
    assert blocks.closing(SetResponseWithList(1, results)) == SetResponseLastBlockWithList(1, results, 2)


def test_an_exception_stays_an_exception() -> None:
    blocks = ServerBlocks()
    blocks.take(FIRST_SET)
    blocks.take(further(2))
    exception = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON)
    assert blocks.closing(exception) == exception


def test_a_long_action_is_asked_for_block_by_block() -> None:
    blocks = ServerBlocks()
    assert blocks.take(FIRST_ACTION) == (ActionResponseNextBlock(1, 1), None)
    whole = ActionRequestNormal(1, DISCONNECT, b"\x09\x03abc")
    assert blocks.take(ActionRequestWithBlock(1, Block(True, 2, b"c"))) == (None, whole)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_block_out_of_order_ends_the_transfer(number: int) -> None:
    blocks = ServerBlocks()
    blocks.take(FIRST_SET)
    refused = SetResponseLastBlock(1, DataAccessResult.DATA_BLOCK_NUMBER_INVALID, number)
    assert blocks.take(further(number)) == (refused, None)
    over = SetResponseLastBlock(1, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 2)
    assert blocks.take(further(2)) == (over, None)
    blocks.take(FIRST_ACTION)
    aborted = ActionResponseNormal(1, ActionResult.LONG_ACTION_ABORTED)
    assert blocks.take(ActionRequestWithBlock(1, Block(True, number, b"c"))) == (aborted, None)
    over_too = ActionResponseNormal(1, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
    assert blocks.take(ActionRequestWithBlock(1, Block(True, 2, b"c"))) == (over_too, None)


def test_blocks_of_one_service_do_not_go_on_with_another() -> None:
    blocks = ServerBlocks()
    blocks.take(FIRST_ACTION)
    assert blocks.take(further(2)) == (SetResponseLastBlock(1, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 2), None)
    response = GetResponseNormal(1, bytes(500))
    assert isinstance(blocks.cut(response, GRANTED, 100, protected=False), GetResponseWithBlock)
    missing = ActionResponseNormal(1, ActionResult.NO_LONG_ACTION_IN_PROGRESS)
    assert blocks.take(ActionRequestNextBlock(1, 1)) == (missing, None)


def test_another_request_drops_what_was_under_way() -> None:
    blocks = ServerBlocks()
    blocks.take(FIRST_SET)
    blocks.cut(GetResponseNormal(1, bytes(500)), GRANTED, 100, protected=False)
    blocks.drop()
    assert blocks.take(further(2))[0] == SetResponseLastBlock(1, DataAccessResult.NO_LONG_SET_IN_PROGRESS, 2)
    none = GetResponseWithBlock(1, True, 1, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    assert blocks.take(GetRequestNext(1, 1)) == (none, None)


def test_what_a_method_returns_is_cut_and_asked_for() -> None:
    blocks = ServerBlocks()
    response = ActionResponseNormal(1, ActionResult.SUCCESS, bytes(200))
    first = blocks.cut(response, GRANTED, 100, protected=False)
    assert isinstance(first, ActionResponseWithBlock)
    second, _ = blocks.take(ActionRequestNextBlock(1, 1))
    assert isinstance(second, ActionResponseWithBlock)
    third, _ = blocks.take(ActionRequestNextBlock(1, 2))
    assert isinstance(third, ActionResponseWithBlock)
    assert [one.block.last_block for one in (first, second, third)] == [False, False, True]
    assert first.block.octets + second.block.octets + third.block.octets == response.encode()[3:]
    blocks.cut(response, GRANTED, 100, protected=False)
    aborted = ActionResponseNormal(1, ActionResult.LONG_ACTION_ABORTED)
    assert blocks.take(ActionRequestNextBlock(1, 7)) == (aborted, None)


@pytest.mark.parametrize("bit", [Conformance.BLOCK_TRANSFER_WITH_ACTION, Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ])
def test_only_what_was_negotiated_is_cut(bit: Conformance) -> None:
    blocks, without = ServerBlocks(), GRANTED & ~bit
    cut = [
        blocks.cut(response, without, 100, protected=False) is None
        for response in (GetResponseNormal(1, bytes(500)), ActionResponseNormal(1, ActionResult.SUCCESS, bytes(500)))
    ]
    assert cut == [bit is Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ, bit is Conformance.BLOCK_TRANSFER_WITH_ACTION]
    assert blocks.cut(SetResponseNormal(1, DataAccessResult.SUCCESS), GRANTED, 1, protected=False) is None


BLOCKS = st.builds(Block, st.booleans(), st.integers(0, 4), st.binary(max_size=4))
STEPS = st.one_of(
    st.builds(SetRequestWithFirstBlock, st.just(1), st.just(VALUE), st.none(), BLOCKS),
    st.builds(ActionRequestWithFirstBlock, st.just(1), st.just(DISCONNECT), BLOCKS),
    st.builds(SetRequestWithBlock, st.just(1), BLOCKS),
    st.builds(ActionRequestWithBlock, st.just(1), BLOCKS),
    st.builds(GetRequestNext, st.just(1), st.integers(0, 3)),
    st.builds(ActionRequestNextBlock, st.just(1), st.integers(0, 3)),
)


@given(st.lists(STEPS, max_size=20))
def test_every_step_has_one_answer_or_completes_a_request(steps: list[object]) -> None:
    blocks = ServerBlocks()
    for step in steps:
        answer, whole = blocks.take(step)  # type: ignore[arg-type]
        assert (answer is None) != (whole is None)
        if answer is not None:
            assert answer.invoke_id_and_priority == 1


@pytest.mark.parametrize("blocks", [False, True])
def test_an_answer_is_stronger_than_its_request_where_that_is_asked_for(*, blocks: bool) -> None:
    """All blocks of it, and no answer after it."""
    authenticated = SecurityControl.AUTHENTICATED
    client, server = ciphered_settings(Ciphering.GLOBAL, authenticated)
    size = 64 if blocks else 0xFFFF
    bottle = associated(Bottle(replace(client, max_receive_pdu_size=size), server, serve_long))

    def controls() -> set[int]:
        """Of the answers to one request, in service-specific ciphering with lengths of one octet."""
        before = len(bottle.to_client)
        assert answer(bottle, GET_VALUE).result == SEVERAL_BLOCKS  # type: ignore[union-attr]
        answers = bottle.to_client[before:]
        assert (len(answers) > 2) == blocks
        return {apdu[2] if apdu[1] < 0x80 else apdu[2 + (apdu[1] & 0x7F)] for apdu in answers}

    assert controls() == {0x10}
    bottle.server.strengthen_answer(0x08)
    assert controls() == {0x30}
    bottle.server.strengthen_answer(0)
    assert controls() == {0x10}


SEVERAL_BLOCKS = b"\x09\x81\x96" + bytes(150)


def serve_long(request: object) -> GetResponseNormal:
    assert isinstance(request, GetRequestNormal)
    return GetResponseNormal(request.invoke_id_and_priority, SEVERAL_BLOCKS)
