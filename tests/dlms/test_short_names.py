"""GET, SET and ACTION carried out by READ and WRITE: what goes out, and what the answers mean."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis, ObjectListElementSn, ShortNames
from ferraris.dlms import Request
from ferraris.dlms.apdu import (
    AccessRequest,
    ActionAnswer,
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResult,
    AttributeDescriptor,
    BlockNumber,
    DataAccessResult,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    MethodDescriptor,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    SelectiveAccess,
    SetRequestNormal,
    SetRequestWithList,
    SetResponseNormal,
    SetResponseWithList,
    VariableName,
    WriteRequest,
    WriteResponse,
)
from ferraris.dlms.short_names import READ_OBJECT_LIST, ShortNameExchange, short_names_in
from ferraris.kernel.errors import DecodeError, LocalProtocolError, RefusedError, RemoteProtocolError

CLOCK, PROFILE, DISCONNECTOR, ASSOCIATION = map(
    Obis.parse, ("0.0.1.0.0.255", "1.0.99.1.0.255", "0.0.96.3.10.255", "0.0.40.0.0.255")
)
NAMES = ShortNames(
    (
        ObjectListElementSn(0x0100, 8, 0, CLOCK),
        ObjectListElementSn(0x0200, 7, 1, PROFILE),
        ObjectListElementSn(0x0300, 70, 0, DISCONNECTOR),
        ObjectListElementSn(-0x0600, 12, 2, ASSOCIATION),
    )
)
OK, UNDEFINED = DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED
TIME = AttributeDescriptor(8, CLOCK, 2)
BUFFER = AttributeDescriptor(7, PROFILE, 2)
ABSENT = AttributeDescriptor(3, CLOCK, 2)
DISCONNECT = MethodDescriptor(70, DISCONNECTOR, 1)
RANGE = SelectiveAccess(1, b"\x02\x00")
REPLY = MethodDescriptor(12, ASSOCIATION, 8)


THERE_AND_BACK = [
    # request, what goes out, what comes back, answer
    (
        GetRequestNormal(0xC1, TIME),
        ReadRequest((VariableName(0x108),)),
        ReadResponse((b"\x11\x05",)),
        GetResponseNormal(0xC1, b"\x11\x05"),
    ),
    (
        GetRequestNormal(0xC1, BUFFER, RANGE),
        ReadRequest((ParameterisedAccess(0x208, 1, b"\x02\x00"),)),
        ReadResponse((DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,)),
        GetResponseNormal(0xC1, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
    ),
    (
        GetRequestWithList(0xC2, ((TIME, None), (ABSENT, None), (BUFFER, RANGE))),
        ReadRequest((VariableName(0x108), ParameterisedAccess(0x208, 1, b"\x02\x00"))),
        ReadResponse((b"\x00", OK)),
        GetResponseWithList(0xC2, (b"\x00", UNDEFINED, OK)),
    ),
    (
        SetRequestNormal(0xC3, TIME, None, b"\x09\x00"),
        WriteRequest((VariableName(0x108),), (b"\x09\x00",)),
        WriteResponse((OK,)),
        SetResponseNormal(0xC3, OK),
    ),
    (
        SetRequestWithList(0xC3, ((ABSENT, None), (TIME, None)), (b"\x00", b"\x09\x00")),
        WriteRequest((VariableName(0x108),), (b"\x09\x00",)),
        WriteResponse((DataAccessResult.READ_WRITE_DENIED,)),
        SetResponseWithList(0xC3, (UNDEFINED, DataAccessResult.READ_WRITE_DENIED)),
    ),
    (
        ActionRequestNormal(0xC4, DISCONNECT, b"\x0f\x00"),
        WriteRequest((VariableName(0x320),), (b"\x0f\x00",)),
        WriteResponse((OK,)),
        ActionResponseNormal(0xC4, ActionResult.SUCCESS, None),
    ),
    (
        ActionRequestNormal(0xC4, DISCONNECT, None),
        WriteRequest((VariableName(0x320),), (b"\x00",)),
        WriteResponse((DataAccessResult.NO_LONG_SET_IN_PROGRESS,)),
        ActionResponseNormal(0xC4, ActionResult.OTHER_REASON, None),
    ),
    (
        ActionRequestNormal(0xC5, REPLY, b"\x09\x00"),
        ReadRequest((ParameterisedAccess(0xFA58, 0, b"\x09\x00"),)),
        ReadResponse((b"\x09\x01\x05",)),
        ActionResponseNormal(0xC5, ActionResult.SUCCESS, b"\x09\x01\x05"),
    ),
    (
        ActionRequestWithList(0xC6, (DISCONNECT, MethodDescriptor(70, CLOCK, 1)), (b"\x0f\x00", b"\x0f\x00")),
        WriteRequest((VariableName(0x320),), (b"\x0f\x00",)),
        WriteResponse((OK,)),
        ActionResponseWithList(
            0xC6, (ActionAnswer(ActionResult.SUCCESS, None), ActionAnswer(ActionResult.OBJECT_UNDEFINED, None))
        ),
    ),
    (
        ActionRequestWithList(0xC6, (DISCONNECT, REPLY), (b"\x0f\x00", b"\x09\x00")),
        ReadRequest((ParameterisedAccess(0x320, 0, b"\x0f\x00"), ParameterisedAccess(0xFA58, 0, b"\x09\x00"))),
        ReadResponse((b"\x00", b"\x09\x00")),
        ActionResponseWithList(
            0xC6, (ActionAnswer(ActionResult.SUCCESS, b"\x00"), ActionAnswer(ActionResult.SUCCESS, b"\x09\x00"))
        ),
    ),
    (
        GetRequestWithList(0xC2, ((TIME, None), (BUFFER, None))),
        ReadRequest((VariableName(0x108), VariableName(0x208))),
        ReadResponse((DataAccessResult.TEMPORARY_FAILURE,)),
        GetResponseWithList(0xC2, (DataAccessResult.TEMPORARY_FAILURE,) * 2),
    ),
]


@pytest.mark.parametrize(("request_", "short", "response", "answer"), THERE_AND_BACK)
def test_there_and_back(request_: Request, short: object, response: ReadResponse, answer: object) -> None:
    exchange = ShortNameExchange(request_, NAMES)
    assert exchange.request == short
    assert exchange.answer(response) == answer


def test_what_has_no_short_name_is_not_asked_for() -> None:
    exchange = ShortNameExchange(GetRequestNormal(0xC1, ABSENT), NAMES)
    assert exchange.request is None
    assert exchange.answer(None) == GetResponseNormal(0xC1, UNDEFINED)


def test_a_service_that_short_names_do_not_have_is_refused_here() -> None:
    with pytest.raises(LocalProtocolError, match="no such service"):
        ShortNameExchange(AccessRequest(0, b"", (), ()), NAMES)


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (GetRequestNormal(0xC1, TIME), ReadResponse((BlockNumber(1),))),
        (SetRequestNormal(0xC1, TIME, None, b"\x00"), ReadResponse((b"\x00",))),
    ],
)
def test_an_answer_of_a_wrong_kind_is_refused(request_: Request, response: ReadResponse) -> None:
    with pytest.raises(RemoteProtocolError):
        ShortNameExchange(request_, NAMES).answer(response)


def test_the_object_list_tells_the_short_names() -> None:
    assert READ_OBJECT_LIST.encode() == bytes.fromhex("0501 02 fa08")
    octets = bytes.fromhex("0101 0204 10fa00 12000c 1102 0906 0000280000ff")
    names = short_names_in(ReadResponse((octets,)))
    assert names.of_attribute(12, ASSOCIATION, 2) == 0xFA08


def test_an_object_list_that_is_refused_or_is_none() -> None:
    with pytest.raises(RefusedError) as refused:
        short_names_in(ReadResponse((DataAccessResult.READ_WRITE_DENIED,)))
    assert refused.value.result == "read-write-denied"
    with pytest.raises(DecodeError):
        short_names_in(ReadResponse((b"\x11\x05",)))
    with pytest.raises(RemoteProtocolError):
        short_names_in(WriteResponse((OK,)))
