"""The client's end: what it does with a server that it cannot trust, and what it never sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import (
    CONFORMANCE_OF_THIS_ENGINE,
    Aborted,
    Associate,
    Associated,
    Association,
    Ciphering,
    CipherKeys,
    NotificationReceived,
    Rejected,
    Release,
    Released,
    Response,
    ResponseReceived,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    ActionResponseNormal,
    ActionResult,
    ApplicationContext,
    Block,
    Conformance,
    DataAccessResult,
    DataNotification,
    EventNotification,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetResponseNormal,
    GetResponseWithBlock,
    InitiateRequest,
    InitiateResponse,
    Mechanism,
    ReleaseResponseReason,
    Rlre,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithBlock,
    SetResponseNormal,
    StateError,
    decode_apdu,
)
from ferraris.dlms.protection import PROTECTION_OCTETS_MAX
from ferraris.kernel.errors import (
    AuthenticationError,
    InvocationCounterError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
)
from tests.dlms.bottle import (
    CLIENT_TITLE,
    ENCRYPTION_KEY,
    GET_VALUE,
    KEYS,
    PROFILE,
    SERVER_TITLE,
    VALUE,
    VALUE_READ,
    Bottle,
    answer,
    associated,
    ciphered,
    ciphered_settings,
    plain,
    serve,
    settings,
)


def aborted(client: Association) -> Exception:
    event = client.events()[-1]
    assert isinstance(event, Aborted)
    assert client.state is State.IDLE
    return event.error


@pytest.mark.parametrize(
    ("apdu", "error"),
    [
        (GetResponseNormal(0xC1, b"\x11\x01").encode(), AuthenticationError),
        (b"", RemoteProtocolError),
        (b"\xcc\x05\x30\x00\x00\x00\x01", AuthenticationError),
        (b"\xcc\x85\x00", RemoteProtocolError),
        (b"\x63\x00", RemoteProtocolError),
    ],
)
def test_an_untrustworthy_answer_ends_the_association(apdu: bytes, error: type[Exception]) -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(apdu, 0)
    caught = aborted(bottle.client)
    assert isinstance(caught, error | RemoteProtocolError)


def test_a_replayed_answer_ends_the_association() -> None:
    bottle = associated(ciphered())
    answer(bottle, GET_VALUE)
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(bottle.to_client[-1], 0)
    assert isinstance(aborted(bottle.client), InvocationCounterError)


@pytest.mark.parametrize(
    "response",
    [
        GetResponseNormal(0xC2, b"\x11\x01"),
        SetResponseNormal(0xC1, DataAccessResult.SUCCESS),
        GetResponseWithBlock(0xC1, False, 2, b"\x11"),
        GetResponseWithBlock(0xC1, False, 1, b""),
    ],
)
def test_an_answer_to_another_question_ends_the_association(response: Response) -> None:
    bottle = associated(plain())
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(response.encode(), 0)
    assert isinstance(aborted(bottle.client), RemoteProtocolError)


def test_a_server_that_reflects_the_challenge_is_not_believed() -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    (octets,) = bottle.client.outgoing()
    aarq = decode_apdu(octets)
    bottle.server.receive(octets, 0)
    aare = decode_apdu(bottle.server.outgoing()[0])
    assert isinstance(aarq, Aarq)
    assert isinstance(aare, Aare)
    reflected = replace(aare, responding_authentication_value=aarq.calling_authentication_value)
    bottle.client.receive(reflected.encode(), 0)
    assert "reflects" in str(aborted(bottle.client))


def test_silence_ends_the_association() -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 5_000)
    assert bottle.client.wake_at() == 15_000
    bottle.client.tick(14_999)
    assert bottle.client.events() == []
    bottle.client.tick(15_000)
    assert isinstance(aborted(bottle.client), LinkTimeoutError)


def test_one_request_at_a_time() -> None:
    bottle = associated(plain())
    bottle.client.send(GET_VALUE, 0)
    with pytest.raises(LocalProtocolError, match="state does not allow"):
        bottle.client.send(GET_VALUE, 0)


def test_an_exception_response_answers_a_request() -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    refusal = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 77)
    bottle.client.receive(refusal.encode(), 0)
    assert bottle.client.events() == [ResponseReceived(refusal)]
    assert bottle.client.state is State.ASSOCIATED


def test_an_exception_response_to_an_aarq_tells_the_counter() -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    refusal = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 77)
    bottle.client.receive(refusal.encode(), 0)
    error = aborted(bottle.client)
    assert isinstance(error, InvocationCounterError)
    assert error.expected == 77


# What was not asked for


def unsolicited_exception() -> bytes:
    return ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON).encode()


@pytest.mark.parametrize("make", [plain, ciphered])
@pytest.mark.parametrize(
    "apdu", [unsolicited_exception(), Rlre(ReleaseResponseReason.NORMAL).encode(), VALUE_READ.encode()]
)
def test_an_answer_without_a_question_ends_the_association(make: Callable[[], Bottle], apdu: bytes) -> None:
    bottle = associated(make())
    bottle.client.receive(apdu, 0)
    assert isinstance(aborted(bottle.client), RemoteProtocolError | AuthenticationError)


def test_a_late_exception_answers_no_later_request() -> None:
    bottle = associated(plain())
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(unsolicited_exception(), 0)
    assert isinstance(bottle.client.events()[0], ResponseReceived)
    bottle.client.receive(unsolicited_exception(), 0)  # the same once more, as a link may bring it
    assert isinstance(aborted(bottle.client), RemoteProtocolError)
    with pytest.raises(LocalProtocolError):
        bottle.client.send(GET_VALUE, 0)


def test_blocks_that_come_late_are_asked_on_by_nobody() -> None:
    bottle = associated(plain(max_receive_pdu_size=200))
    bottle.client.send(GetRequestNormal(0xC1, PROFILE), 0)
    bottle.client.outgoing()
    bottle.client.abort(LinkTimeoutError("the meter is silent"))
    bottle.client.events()
    bottle.client.receive(GetResponseWithBlock(0xC1, False, 1, b"\x09\x02").encode(), 0)
    assert bottle.client.outgoing() == []
    assert bottle.client.wake_at() is None
    assert isinstance(aborted(bottle.client), RemoteProtocolError)


def test_an_exception_to_a_release_ends_the_association() -> None:
    bottle = associated(plain())
    bottle.client.send(Release(), 0)
    bottle.client.receive(unsolicited_exception(), 0)
    assert isinstance(aborted(bottle.client), RemoteProtocolError)


@pytest.mark.parametrize("apdu", [b"\xcc\x05\x30\x00\x00\x00\x01", b"\x28\x12\x30" + bytes(17), b"\xdb\x00\x00"])
def test_a_ciphered_apdu_before_the_server_has_a_name_ends_the_association(apdu: bytes) -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    bottle.client.receive(apdu, 0)
    assert isinstance(aborted(bottle.client), AuthenticationError | RemoteProtocolError)


def test_a_ciphered_apdu_in_a_plain_context_ends_the_association() -> None:
    bottle = associated(plain())
    bottle.client.receive(b"\xcc\x12\x30" + bytes(17), 0)
    assert "plain context" in str(aborted(bottle.client))


def test_a_second_aare_ends_the_association() -> None:
    bottle = associated(ciphered())
    bottle.client.receive(bottle.to_client[0], 0)
    assert "not asked for" in str(aborted(bottle.client))


# The AARE


def aare_of(bottle: Bottle) -> Aare:
    """The server's AARE, on its way."""
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    aare = decode_apdu(bottle.server.outgoing()[0])
    assert isinstance(aare, Aare)
    return aare


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"application_context": ApplicationContext.LOGICAL_NAME}, RemoteProtocolError),
        ({"application_context": b"\x2a\x86"}, RemoteProtocolError),
        ({"responding_ap_title": None}, AuthenticationError),
        ({"responding_ap_title": b"short"}, AuthenticationError),
        ({"responding_ap_title": CLIENT_TITLE}, AuthenticationError),
        ({"responding_ap_title": b"FEROTHER"}, AuthenticationError),
        ({"responding_authentication_value": None}, AuthenticationError),
        ({"responding_authentication_value": b"seven o"}, AuthenticationError),
        ({"responding_authentication_value": bytes(65)}, AuthenticationError),
        ({"user_information": None}, AuthenticationError),
        ({"user_information": b""}, AuthenticationError),
        ({"user_information": InitiateResponse(None, 6, Conformance.GET, 1024).encode()}, AuthenticationError),
        ({"user_information": b"\x0e\x01\x06\x02"}, RemoteProtocolError),
        ({"user_information": b"\x28\x05\x30\x00\x00\x00\x09"}, RemoteProtocolError),
    ],
)
def test_an_aare_that_does_not_hold_ends_the_association(changes: dict[str, object], error: type[Exception]) -> None:
    bottle = ciphered()
    aare = replace(aare_of(bottle), **changes)  # type: ignore[arg-type]
    bottle.client.receive(aare.encode(), 0)
    assert isinstance(aborted(bottle.client), error)
    assert bottle.client.outgoing() == [], "nothing is proved to a server that is not trusted"


@pytest.mark.parametrize(
    "response",
    [
        InitiateResponse(None, 5, Conformance.GET, 1024),
        InitiateResponse(None, 6, Conformance.GET, 63),
        InitiateRequest(None, True, None, 6, Conformance.GET, 1024),
        GET_VALUE,
    ],
)
def test_what_a_server_offers_must_be_usable(response: InitiateResponse | InitiateRequest | GetRequestNormal) -> None:
    bottle = plain()
    aare = replace(aare_of(bottle), user_information=response.encode())
    bottle.client.receive(aare.encode(), 0)
    assert isinstance(aborted(bottle.client), RemoteProtocolError)


def test_conformance_is_what_both_ends_have() -> None:
    bottle = plain(conformance=Conformance.GET | Conformance.READ | Conformance.ACTION)
    (event,) = bottle.tell(Associate())
    assert isinstance(event, Associated)
    assert event.conformance == Conformance.GET | Conformance.ACTION
    assert event == bottle.server_events[0]


@pytest.mark.parametrize("result", list(ActionResult))
def test_the_servers_hls_answer_must_be_there_and_hold(result: ActionResult) -> None:
    for data in (None, DataAccessResult.OTHER_REASON, b"\x09\x11" + bytes(17), b"\x09\x00"):
        bottle = ciphered()
        aare = aare_of(bottle)
        bottle.client.receive(aare.encode(), 0)
        assert bottle.client.state is State.HLS_PENDING
        content = KEYS.protect(0x30, SERVER_TITLE, 70, ActionResponseNormal(0xC1, result, data).encode())
        bottle.client.receive(bytes((0xCF, len(content))) + content, 0)
        (event,) = bottle.client.events()
        assert bottle.client.state is State.IDLE
        if result is ActionResult.SUCCESS and isinstance(data, bytes):
            assert isinstance(event, Aborted)
            assert isinstance(event.error, AuthenticationError)
        else:
            assert event == Rejected("HLS_FAILED", result.name, int(result))


def test_another_answer_than_the_hls_one_ends_the_association() -> None:
    bottle = ciphered()
    bottle.client.receive(aare_of(bottle).encode(), 0)
    content = KEYS.protect(0x30, SERVER_TITLE, 70, VALUE_READ.encode())
    bottle.client.receive(bytes((0xCC, len(content))) + content, 0)
    assert "no answer to HLS" in str(aborted(bottle.client))


# What a client never sends

WITHOUT_BLOCKS = CONFORMANCE_OF_THIS_ENGINE & ~(
    Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE | Conformance.GENERAL_BLOCK_TRANSFER
)


def test_a_request_that_the_server_cannot_take_is_never_sent() -> None:
    server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, max_receive_pdu_size=64)
    bottle = associated(Bottle(replace(server, max_receive_pdu_size=0, conformance=WITHOUT_BLOCKS), server, serve))
    fits = SetRequestNormal(0xC1, VALUE, None, b"\x09\x31" + bytes(0x31))
    assert len(fits.encode()) == 64
    answer(bottle, fits)
    with pytest.raises(LocalProtocolError, match="longer than the server takes"):
        bottle.client.send(replace(fits, value=b"\x09\x32" + bytes(0x32)), 0)
    assert bottle.client.outgoing() == []
    assert answer(bottle, GET_VALUE) == VALUE_READ


@pytest.mark.parametrize("ciphering", Ciphering)
@pytest.mark.parametrize("octets", range(40, 90, 7))
def test_what_protects_a_request_counts_as_part_of_it(ciphering: Ciphering, octets: int) -> None:
    client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = associated(Bottle(client, replace(server, max_receive_pdu_size=100), serve))
    bottle.to_server.clear()
    try:
        answer(bottle, SetRequestNormal(0xC1, VALUE, None, bytes((9, octets)) + bytes(octets)))
    except LocalProtocolError:
        assert octets + 15 > 100 - 32
    assert all(len(apdu) <= 100 for apdu in bottle.to_server)
    assert not any(isinstance(event, Violated) for event in bottle.server_events)


@pytest.mark.parametrize("ciphering", Ciphering)
@pytest.mark.parametrize("short_of", [-2, -1, 0, 1, 31, 32, 33, 699, 700, 701, 900])
def test_a_request_goes_whole_as_long_as_it_fits_with_its_protection(ciphering: Ciphering, short_of: int) -> None:
    """`short_of` octets are left of what the server takes: those that the widest protection adds are enough."""
    client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    client = replace(client, conformance=WITHOUT_BLOCKS)
    bottle = associated(Bottle(client, replace(server, max_receive_pdu_size=1_500), serve))
    value = bytes(1_500 - short_of - 17)
    request = SetRequestNormal(0xC1, VALUE, None, b"\x09\x82" + len(value).to_bytes(2, "big") + value)
    assert len(request.encode()) == 1_500 - short_of
    if short_of >= PROTECTION_OCTETS_MAX:
        bottle.client.send(request, 0)
        [octets] = bottle.client.outgoing()
        assert len(octets) <= 1_500
    else:
        with pytest.raises(LocalProtocolError, match="longer than the server takes"):
            bottle.client.send(request, 0)


@pytest.mark.parametrize(
    "command", [VALUE_READ, GetRequestNext(0xC1, 1), SetRequestWithBlock(0xC1, Block(True, 1, b""))]
)
def test_what_is_no_request_of_a_client_is_refused(command: Response) -> None:
    with pytest.raises(LocalProtocolError, match="a client cannot send this"):
        associated(plain()).client.send(command, 0)


def test_commands_against_the_state_are_refused_and_change_nothing() -> None:
    bottle = plain()
    for command in (GET_VALUE, Release()):
        with pytest.raises(LocalProtocolError):
            bottle.client.send(command, 0)
    associated(bottle)
    with pytest.raises(LocalProtocolError):
        bottle.client.send(Associate(), 0)
    assert answer(bottle, GET_VALUE) == VALUE_READ


@pytest.mark.parametrize("policy", [SecurityControl.AUTHENTICATED, SecurityControl.ENCRYPTED])
def test_a_dedicated_key_never_travels_readable(policy: SecurityControl) -> None:
    bottle = associated(Bottle(*ciphered_settings(Ciphering.DEDICATED, policy), serve))
    aarq = decode_apdu(bottle.to_server[0])
    assert isinstance(aarq, Aarq)
    assert aarq.user_information is not None
    assert aarq.user_information[2] == SecurityControl.AUTHENTICATED_ENCRYPTED
    request = decode_apdu(KEYS.unprotect(CLIENT_TITLE, aarq.user_information[2:]).apdu)
    assert isinstance(request, InitiateRequest)
    assert request.dedicated_key is not None
    assert request.dedicated_key not in bottle.to_server[0]
    assert answer(bottle, GET_VALUE) == VALUE_READ


def test_a_dedicated_key_without_an_authentication_key_is_encrypted() -> None:
    keys = CipherKeys(ENCRYPTION_KEY)
    client, server = ciphered_settings(Ciphering.DEDICATED, SecurityControl.ENCRYPTED)
    assert client.security is not None
    assert server.security is not None
    bottle = Bottle(
        replace(client, security=replace(client.security, keys=keys)),
        replace(server, security=replace(server.security, keys=keys)),
        serve,
    )
    associated(bottle)
    aarq = decode_apdu(bottle.to_server[0])
    assert isinstance(aarq, Aarq)
    assert aarq.user_information is not None
    assert aarq.user_information[2] == SecurityControl.ENCRYPTED


# Notifications


@pytest.mark.parametrize(
    "notification",
    [
        DataNotification(7, b"", b"\x11\x05"),
        EventNotification(None, VALUE, b"\x11\x05"),
    ],
)
def test_a_notification_is_told_and_disturbs_no_request(notification: DataNotification | EventNotification) -> None:
    bottle = associated(plain())
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(notification.encode(), 0)
    assert bottle.client.events() == [NotificationReceived(notification)]
    assert bottle.client.state is State.RESPONSE_PENDING
    bottle.client.receive(VALUE_READ.encode(), 0)
    assert bottle.client.events() == [ResponseReceived(VALUE_READ)]


def test_an_unprotected_notification_in_a_ciphered_context_is_not_believed() -> None:
    bottle = associated(ciphered())
    bottle.client.receive(DataNotification(7, b"", b"\x11\x05").encode(), 0)
    assert isinstance(aborted(bottle.client), AuthenticationError)


def test_a_protected_notification_is_told() -> None:
    bottle = associated(ciphered())
    notification = DataNotification(7, b"", b"\x11\x05")
    content = KEYS.protect(0x30, SERVER_TITLE, 70, notification.encode())
    bottle.client.receive(b"\xdb\x08" + SERVER_TITLE + bytes((len(content),)) + content, 0)
    assert bottle.client.events() == [NotificationReceived(notification)]


@given(st.binary(max_size=120))
def test_any_octets_end_a_clients_association_or_change_nothing(octets: bytes) -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    bottle.client.receive(octets, 0)
    for event in bottle.client.events():
        assert isinstance(event, Aborted | Released | ResponseReceived)
        if isinstance(event, ResponseReceived):
            assert isinstance(event.response, ExceptionResponse)
