"""The client's end by short names: every service, in every ciphering, and answers that do not fit."""

from __future__ import annotations

import pytest

from ferraris.cosem import Obis
from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    Ciphering,
    NotificationReceived,
    Release,
    Released,
    ResponseReceived,
    State,
)
from ferraris.dlms.apdu import (
    Aarq,
    ApplicationContext,
    AttributeDescriptor,
    BlockNumber,
    ConfirmedServiceError,
    Conformance,
    DataAccessResult,
    DataBlockResult,
    GetRequestNormal,
    InformationReportRequest,
    Mechanism,
    ParameterisedAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteRequest,
    WriteResponse,
    decode_apdu,
)
from ferraris.dlms.settings import CONFORMANCE_BY_SHORT_NAMES
from ferraris.dlms.short_name_client import REPLY_TO_HLS_AUTHENTICATION
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError
from tests.dlms.bottle import associated
from tests.dlms.short_name_bottle import (
    ABSENT,
    DISCONNECT,
    LONG,
    LONG_VALUE,
    READ_VALUE,
    VALUE,
    VALUE_OCTETS,
    ShortNameBottle,
    ciphered,
    plain,
)

BOTTLES = [
    pytest.param(plain, id="plain"),
    pytest.param(lambda: plain(Mechanism.LLS), id="LLS"),
    pytest.param(lambda: plain(Mechanism.HLS_MD5), id="HLS-MD5"),
    *(pytest.param(lambda form=form: ciphered(form), id=form.value) for form in Ciphering),
]


def answer(bottle: ShortNameBottle, request: object) -> object:
    (event,) = bottle.tell(request)
    assert isinstance(event, ResponseReceived), event
    return event.response


@pytest.mark.parametrize("make", BOTTLES)
def test_every_service_in_every_context(make: object) -> None:
    bottle = make()  # type: ignore[operator]
    associated(bottle)
    assert answer(bottle, READ_VALUE) == ReadResponse((VALUE_OCTETS,))
    several = ReadRequest((VariableName(VALUE), VariableName(ABSENT)))
    assert answer(bottle, several) == ReadResponse((VALUE_OCTETS, DataAccessResult.OBJECT_UNDEFINED))
    with_parameter = ReadRequest((ParameterisedAccess(DISCONNECT, 0, b"\x0f\x00"),))
    assert answer(bottle, with_parameter) == ReadResponse((b"\x0f\x00",))
    write = WriteRequest((VariableName(VALUE), VariableName(ABSENT)), (b"\x11\x01", b"\x11\x02"))
    assert answer(bottle, write) == WriteResponse((DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED))
    assert bottle.tell(UnconfirmedWriteRequest((VariableName(DISCONNECT),), (b"\x0f\x00",))) == []
    assert bottle.client.state is State.ASSOCIATED
    assert bottle.meter.written == [(VALUE, b"\x11\x01"), (DISCONNECT, b"\x0f\x00")]
    assert bottle.tell(Release()) == [Released()]


def test_the_context_the_conformance_and_the_vaa_name_are_those_of_short_names() -> None:
    bottle = plain()
    (event,) = bottle.tell(Associate())
    assert event == Associated(b"", CONFORMANCE_BY_SHORT_NAMES, 65535)
    aarq = decode_apdu(bottle.to_server[0])
    assert isinstance(aarq, Aarq)
    assert aarq.application_context is ApplicationContext.SHORT_NAME
    assert bottle.to_client[0].endswith(b"\xfa\x00")


def test_hls_goes_through_association_sn() -> None:
    bottle = plain(Mechanism.HLS_MD5)
    associated(bottle)
    assert REPLY_TO_HLS_AUTHENTICATION == 0xFA58
    assert bottle.to_server[1].startswith(bytes.fromhex("0501 04 fa58 00 0910"))
    assert bottle.to_client[1].startswith(bytes.fromhex("0c01 00 0910"))


def test_a_server_that_does_not_prove_itself_is_left() -> None:
    bottle = plain(Mechanism.HLS_MD5, client={"secret": b"another secret"})
    (event,) = bottle.tell(Associate())
    assert type(event).__name__ == "Rejected"
    assert bottle.client.state is State.IDLE


@pytest.mark.parametrize("make", [plain, ciphered])
@pytest.mark.parametrize("pdu_size", [128, 500, 4000])
def test_a_long_answer_comes_in_blocks(make: object, pdu_size: int) -> None:
    client = {"max_receive_pdu_size": pdu_size}
    bottle = plain(client=client) if make is plain else ciphered(**client)  # type: ignore[arg-type]
    associated(bottle)
    request = ReadRequest((VariableName(LONG), VariableName(ABSENT), VariableName(VALUE)))
    assert answer(bottle, request) == ReadResponse((LONG_VALUE, DataAccessResult.OBJECT_UNDEFINED, VALUE_OCTETS))
    assert all(len(apdu) <= pdu_size for apdu in bottle.to_client)
    assert len(bottle.to_client) > len(LONG_VALUE) / pdu_size


@pytest.mark.parametrize("pdu_size", [128, 500])
def test_long_requests_go_in_blocks(pdu_size: int) -> None:
    bottle = plain(server={"max_receive_pdu_size": pdu_size})
    associated(bottle)
    write = WriteRequest((VariableName(VALUE),), (LONG_VALUE,))
    assert answer(bottle, write) == WriteResponse((DataAccessResult.SUCCESS,))
    assert bottle.meter.written == [(VALUE, LONG_VALUE)]
    parameter = b"\x09\x82\x02\x00" + bytes(512)
    assert answer(bottle, ReadRequest((ParameterisedAccess(VALUE, 2, parameter),))) == ReadResponse((parameter,))
    assert all(len(apdu) <= pdu_size for apdu in bottle.to_server)


def test_a_service_that_was_not_negotiated_is_refused() -> None:
    bottle = plain(server={"conformance": Conformance.READ})
    associated(bottle)
    refusal = answer(bottle, WriteRequest((VariableName(VALUE),), (b"\x00",)))
    assert isinstance(refusal, ConfirmedServiceError)
    assert answer(bottle, READ_VALUE) == ReadResponse((VALUE_OCTETS,)), "the association stands"


def test_a_request_by_logical_names_is_refused_here() -> None:
    bottle = associated(plain())
    descriptor = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2)
    with pytest.raises(LocalProtocolError, match="by logical names"):
        bottle.client.send(GetRequestNormal(0xC1, descriptor), 0)


def test_an_unconfirmed_write_needs_an_association_and_fits_one_apdu() -> None:
    bottle = plain(server={"max_receive_pdu_size": 128})
    write = UnconfirmedWriteRequest((VariableName(VALUE),), (LONG_VALUE,))
    with pytest.raises(LocalProtocolError, match="no association"):
        bottle.client.send(write, 0)
    associated(bottle)
    with pytest.raises(LocalProtocolError, match="no blocks"):
        bottle.client.send(write, 0)


def test_a_report_is_told() -> None:
    bottle = associated(ciphered())
    report = InformationReportRequest(None, (VariableName(VALUE),), (VALUE_OCTETS,))
    bottle.server.send(report, 0)
    assert bottle.carry() == [NotificationReceived(report)]


@pytest.mark.parametrize(
    ("request_", "response", "summary"),
    [
        pytest.param(
            READ_VALUE, WriteResponse((DataAccessResult.SUCCESS,)), "an answer to another request", id="other"
        ),
        pytest.param(READ_VALUE, ReadResponse(()), "an answer for another count of variables", id="too few"),
        pytest.param(
            READ_VALUE, ReadResponse((b"\x00", b"\x00")), "an answer for another count of variables", id="more"
        ),
        pytest.param(
            READ_VALUE, ReadResponse((BlockNumber(1),)), "a block is confirmed that was not sent", id="confirmed"
        ),
        pytest.param(
            READ_VALUE, ReadResponse((DataBlockResult(False, 2, b"\x00"),)), "a block is out of order", id="order"
        ),
        pytest.param(READ_VALUE, ReadResponse((DataBlockResult(False, 1, b""),)), "a block is empty", id="empty"),
        pytest.param(
            ReadRequest((VariableName(VALUE),) * 2),
            ReadResponse((b"\x00", DataBlockResult(False, 1, b"\x00"))),
            "a block among the results of a list",
            id="among results",
        ),
    ],
)
def test_an_answer_that_does_not_fit_ends_the_association(
    request_: ReadRequest, response: ReadResponse, summary: str
) -> None:
    bottle = associated(plain())
    bottle.client.send(request_, 0)
    bottle.client.outgoing()
    bottle.client.receive(response.encode(), 0)
    (event,) = bottle.client.events()
    assert isinstance(event, Aborted)
    assert isinstance(event.error, RemoteProtocolError)
    assert event.error.summary == summary


def test_an_answer_nobody_asked_for_ends_the_association() -> None:
    bottle = associated(plain())
    bottle.client.receive(ReadResponse((b"\x00",)).encode(), 0)
    (event,) = bottle.client.events()
    assert isinstance(event, Aborted)


def test_an_answer_before_the_last_block_of_its_request_ends_the_association() -> None:
    bottle = plain(server={"max_receive_pdu_size": 128})
    associated(bottle)
    bottle.client.send(WriteRequest((VariableName(VALUE), VariableName(LONG)), (LONG_VALUE, b"\x00")), 0)
    bottle.client.receive(WriteResponse((DataAccessResult.SUCCESS,) * 2).encode(), 0)
    (event,) = bottle.client.events()
    assert isinstance(event, Aborted)
