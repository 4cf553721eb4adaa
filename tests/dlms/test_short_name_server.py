"""The server's end by short names: what it refuses, and how."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.dlms import Associate, Ciphering, SecurityControl, State, Violated
from ferraris.dlms.apdu import (
    BlockNumber,
    BlockNumberAccess,
    ConfirmedService,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    ErrorCategory,
    ExceptionResponse,
    GetRequestNext,
    Mechanism,
    ParameterisedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
    decode_apdu,
)
from ferraris.dlms.settings import CONFORMANCE_BY_SHORT_NAMES
from ferraris.dlms.short_name_server import short_name_conformance_needed
from ferraris.kernel.errors import FerrarisError
from tests.dlms.apdu import strategies
from tests.dlms.bottle import associated, ciphered_settings
from tests.dlms.short_name_bottle import (
    LONG,
    READ_VALUE,
    VALUE,
    VALUE_OCTETS,
    ShortNameBottle,
    by_short_names,
    ciphered,
    plain,
)


def told(bottle: ShortNameBottle, apdu: object) -> list[object]:
    """What the server answers to an APDU that no client of ours would send."""
    bottle.server.receive(apdu.encode(), 0)  # type: ignore[attr-defined]
    bottle._answer()
    return [decode_apdu(octets) for octets in bottle.server.outgoing()]


@pytest.mark.parametrize(
    ("request_", "bit", "service"),
    [
        (READ_VALUE, Conformance.READ, ConfirmedService.READ),
        (ReadRequest((VariableName(VALUE),) * 2), Conformance.MULTIPLE_REFERENCES, ConfirmedService.READ),
        (
            ReadRequest((ParameterisedAccess(VALUE, 1, b"\x00"),)),
            Conformance.PARAMETERIZED_ACCESS,
            ConfirmedService.READ,
        ),
        (ReadRequest((BlockNumberAccess(1),)), Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ, ConfirmedService.READ),
        (WriteRequest((VariableName(VALUE),), (b"\x00",)), Conformance.WRITE, ConfirmedService.WRITE),
        (
            WriteRequest((WriteDataBlockAccess(True, 1),), (b"\x09\x00",)),
            Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
            ConfirmedService.WRITE,
        ),
    ],
)
def test_what_was_not_negotiated_is_a_confirmed_service_error(
    request_: ReadRequest, bit: Conformance, service: ConfirmedService
) -> None:
    assert short_name_conformance_needed(request_) & bit
    bottle = associated(plain(server={"conformance": CONFORMANCE_BY_SHORT_NAMES & ~bit}))
    assert told(bottle, request_) == [ConfirmedServiceError(service, ErrorCategory.SERVICE, 2)]
    assert isinstance(bottle.server_events[-1], Violated)
    assert bottle.server.state is State.ASSOCIATED


def test_an_unconfirmed_write_that_was_not_negotiated_is_not_answered() -> None:
    bottle = associated(plain(server={"conformance": CONFORMANCE_BY_SHORT_NAMES & ~Conformance.UNCONFIRMED_WRITE}))
    assert told(bottle, UnconfirmedWriteRequest((VariableName(VALUE),), (b"\x00",))) == []
    assert bottle.meter.written == []


def test_services_of_logical_names_are_refused() -> None:
    bottle = associated(plain())
    (refusal,) = told(bottle, GetRequestNext(0xC1, 1))
    assert isinstance(refusal, ExceptionResponse)


def test_gurux_proves_itself_by_a_write() -> None:
    bottle = plain(Mechanism.HLS_MD5)
    associated(bottle)
    proof = bottle.to_server[1]
    written = bytes.fromhex("0601 02 fa58 01") + proof[6:]
    again = plain(Mechanism.HLS_MD5)
    again.server.receive(bottle.to_server[0], 0)
    again.server.outgoing()
    again.server.receive(written, 0)
    (answer,) = again.server.outgoing()
    assert answer == bottle.to_client[1]
    assert again.server.state is State.ASSOCIATED


@pytest.mark.parametrize(
    "request_",
    [
        READ_VALUE,
        ReadRequest((ParameterisedAccess(VALUE, 0, b"\x09\x00"),)),
        WriteRequest((VariableName(VALUE),), (b"\x09\x00",)),
        UnconfirmedWriteRequest((VariableName(VALUE),), (b"\x09\x00",)),
    ],
)
def test_nothing_else_is_served_before_the_proof(request_: ReadRequest) -> None:
    bottle = plain(Mechanism.HLS_MD5)
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    bottle.server.outgoing()
    (refusal,) = told(bottle, request_)
    assert isinstance(refusal, ExceptionResponse)
    assert bottle.meter.written == []
    assert bottle.server.state is State.HLS_PENDING


def test_a_wrong_proof_is_refused() -> None:
    bottle = plain(Mechanism.HLS_MD5)
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    bottle.server.outgoing()
    wrong = ReadRequest((ParameterisedAccess(0xFA58, 0, b"\x09\x10" + bytes(16)),))
    assert told(bottle, wrong) == [ReadResponse((DataAccessResult.OTHER_REASON,))]
    assert bottle.server.state is State.IDLE


def test_blocks_that_do_not_fit_end_their_transfer_only() -> None:
    bottle = associated(plain())
    number_invalid = ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
    assert told(bottle, ReadRequest((ReadDataBlockAccess(False, 2, b"\x01"),))) == [number_invalid]
    assert told(bottle, ReadRequest((ReadDataBlockAccess(False, 1, b"\x01"),))) == [ReadResponse((BlockNumber(1),))]
    assert told(bottle, ReadRequest((ReadDataBlockAccess(True, 2, b"\xff"),))) == [number_invalid]
    refused = WriteResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
    assert told(bottle, WriteRequest((WriteDataBlockAccess(True, 2),), (b"\x09\x00",))) == [refused]
    assert told(bottle, READ_VALUE) == [ReadResponse((VALUE_OCTETS,))]


def test_a_block_of_an_answer_that_is_not_there_is_refused() -> None:
    bottle = associated(plain(client={"max_receive_pdu_size": 128}))
    missing = ReadResponse((DataAccessResult.NO_LONG_GET_IN_PROGRESS,))
    assert told(bottle, ReadRequest((BlockNumberAccess(1),))) == [missing]
    assert len(told(bottle, ReadRequest((VariableName(LONG),)))) == 1
    wrong = ReadResponse((DataAccessResult.DATA_BLOCK_NUMBER_INVALID,))
    assert told(bottle, ReadRequest((BlockNumberAccess(5),))) == [wrong]
    assert told(bottle, ReadRequest((BlockNumberAccess(1),))) == [missing], "the transfer is over"


def test_an_answer_too_long_without_blocks_is_a_confirmed_service_error() -> None:
    without = CONFORMANCE_BY_SHORT_NAMES & ~Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    bottle = associated(plain(client={"max_receive_pdu_size": 128, "conformance": without}))
    too_long = ConfirmedServiceError(ConfirmedService.READ, ErrorCategory.SERVICE, 1)
    assert told(bottle, ReadRequest((VariableName(LONG),))) == [too_long]


@settings(max_examples=150, deadline=None)
@given(st.lists(strategies.short_names, max_size=5))
def test_any_short_name_apdus_leave_the_server_standing(apdus: list[object]) -> None:
    bottle = associated(plain())
    bottle.meter.serve = lambda request: None  # type: ignore[assignment, method-assign]
    for apdu in apdus:
        bottle.server.receive(apdu.encode(), 0)  # type: ignore[attr-defined]
        for event in bottle.server.events():
            if type(event).__name__ == "RequestReceived" and not isinstance(event.request, UnconfirmedWriteRequest):
                with contextlib.suppress(FerrarisError):
                    bottle.server.send(ReadResponse(()), 0)
        bottle.server.outgoing()
        assert bottle.server.state is State.ASSOCIATED


def test_a_plain_request_in_a_ciphered_context_is_refused() -> None:
    bottle = associated(ciphered())
    (refusal,) = told(bottle, READ_VALUE)
    assert isinstance(refusal, ExceptionResponse)


@pytest.mark.parametrize("variable", [VALUE, LONG])
def test_an_answer_may_be_protected_more_than_its_request(variable: int) -> None:
    """All blocks of it."""
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED)
    bottle = ShortNameBottle(by_short_names(client, max_receive_pdu_size=500), by_short_names(server))
    associated(bottle)

    def controls() -> set[int]:
        before = len(bottle.to_client)
        bottle.tell(ReadRequest((VariableName(variable),)))
        answers = bottle.to_client[before:]
        assert (len(answers) > 2) == (variable == LONG)
        return {apdu[2] if apdu[1] < 0x80 else apdu[2 + (apdu[1] & 0x7F)] for apdu in answers}

    assert controls() == {0x10}
    bottle.server.strengthen_answer(0x08)
    assert controls() == {0x30}
    bottle.server.strengthen_answer(0)
    assert controls() == {0x10}
