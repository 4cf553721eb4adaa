"""Long requests and answers by short names: cut anywhere, put together, and blocks that lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms.apdu import (
    BlockNumberAccess,
    DataAccessResult,
    DataBlockResult,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
)
from ferraris.dlms.short_name_blocks import (
    IncomingBlocks,
    IncomingRequest,
    IncomingResponse,
    OutgoingBlocks,
    OutgoingRequest,
    block_of,
)
from ferraris.kernel.errors import DecodeError, RemoteProtocolError
from ferraris.kernel.limits import BLOCK_TRANSFER_OCTETS_MAX, LONG_REQUEST_OCTETS_MAX

READ = ReadRequest(tuple(VariableName(number) for number in range(0x100, 0x180, 8)))
WRITE = WriteRequest((VariableName(0x108),), (b"\x09\x82\x01\x00" + bytes(256),))


@pytest.mark.parametrize("request_", [READ, WRITE])
@pytest.mark.parametrize("pdu_size", [20, 64, 200])
def test_a_request_survives_its_blocks(request_: ReadRequest | WriteRequest, pdu_size: int) -> None:
    outgoing, incoming = OutgoingRequest(request_, pdu_size), IncomingRequest(reading=isinstance(request_, ReadRequest))
    block = outgoing.first()
    while True:
        assert len(block.encode()) <= pdu_size
        whole = incoming.receive(block)
        if whole is not None:
            break
        block = outgoing.next(incoming.block_number)
    assert whole == request_
    assert outgoing.whole


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=5), st.integers(1, 100))
def test_an_answer_survives_its_blocks(texts: list[bytes], room: int) -> None:
    response = ReadResponse((*(b"\x09" + bytes((len(text),)) + text for text in texts), DataAccessResult.OTHER_REASON))
    outgoing, incoming = OutgoingBlocks(response.encode()[1:], room), IncomingResponse(len(texts) + 1)
    while True:
        step = incoming.receive(DataBlockResult(*outgoing.next()))
        if not isinstance(step, ReadRequest):
            break
        assert step == ReadRequest((BlockNumberAccess(outgoing.block_number),))
    assert step == response


def test_a_bare_value_as_gurux_sends_it_is_the_answer_to_a_single_variable() -> None:
    value = bytes.fromhex("0101 0202 1101 1102")
    assert IncomingResponse(1).receive(DataBlockResult(True, 1, value)) == ReadResponse((value,))
    with pytest.raises(DecodeError):
        IncomingResponse(2).receive(DataBlockResult(True, 1, value))
    with pytest.raises(DecodeError):
        IncomingResponse(1).receive(DataBlockResult(True, 1, value + b"\x00"))


@pytest.mark.parametrize(
    ("block", "summary"),
    [
        ((False, 2, b"\x00"), "a block is out of order"),
        ((False, 0, b"\x00"), "a block is out of order"),
        ((False, 1, b""), "a block is empty"),
        ((False, 1, bytes(101)), "a long APDU is too long"),
    ],
)
def test_blocks_that_lie_are_refused(block: tuple[bool, int, bytes], summary: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        IncomingBlocks(100).receive(*block)
    assert caught.value.summary == summary


def test_no_peer_can_fill_the_memory_with_blocks() -> None:
    incoming = IncomingRequest(reading=True)
    block = bytes(60_000)
    fitting = LONG_REQUEST_OCTETS_MAX // len(block)
    for number in range(1, fitting + 1):
        assert incoming.receive(ReadRequest((ReadDataBlockAccess(False, number, block),))) is None
    with pytest.raises(RemoteProtocolError, match="too long"):
        incoming.receive(ReadRequest((ReadDataBlockAccess(False, fitting + 1, block),)))
    assert LONG_REQUEST_OCTETS_MAX <= BLOCK_TRANSFER_OCTETS_MAX


@pytest.mark.parametrize("confirmed", [0, 2])
def test_another_block_confirmed_is_refused(confirmed: int) -> None:
    outgoing = OutgoingRequest(WRITE, 64)
    outgoing.first()
    with pytest.raises(RemoteProtocolError, match="another block"):
        outgoing.next(confirmed)


def test_the_last_block_is_not_confirmed_but_answered() -> None:
    outgoing = OutgoingRequest(WRITE, 4000)
    outgoing.first()
    with pytest.raises(RemoteProtocolError, match="another block"):
        outgoing.next(1)


def test_a_block_of_a_write_must_be_an_octet_string() -> None:
    access = (WriteDataBlockAccess(True, 1),)
    assert block_of(WriteRequest(access, (b"\x09\x01\x05",))) == (True, 1, b"\x05")
    for values in ((b"\x11\x05",), (), (b"\x09\x00", b"\x09\x00")):
        with pytest.raises(DecodeError):
            block_of(WriteRequest(access, values))
    assert block_of(READ) is None
    assert block_of(WRITE) is None
