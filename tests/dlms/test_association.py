"""The association engine: client and server in a bottle, and what each does when the other breaks the rules."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    Association,
    Ciphering,
    CipherKeys,
    Rejected,
    Release,
    Released,
    Request,
    RequestReceived,
    Response,
    ResponseReceived,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    AttributeDescriptor,
    DataAccessResult,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    GetResponseWithList,
    Mechanism,
    MethodDescriptor,
    ServiceErrorCode,
    SetRequestNormal,
    SetResponseNormal,
    StateError,
    decode_apdu,
)
from ferraris.kernel.errors import (
    AuthenticationError,
    InvocationCounterError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
)
from tests.dlms.bottle import (
    CLIENT_TITLE,
    KEYS,
    SERVER_TITLE,
    Bottle,
    Counter,
    ciphered_settings,
    security,
    settings,
)

VALUE = AttributeDescriptor(3, Obis.parse("1.0.1.8.0.255"), 2)
PROFILE = AttributeDescriptor(7, Obis.parse("1.0.99.1.0.255"), 2)
DISCONNECT = MethodDescriptor(70, Obis.parse("0.0.96.3.10.255"), 1)
LONG_VALUE = b"\x09\x82\x10\x00" + bytes(range(256)) * 16
GET_VALUE = GetRequestNormal(0xC1, VALUE)
POLICIES = [
    SecurityControl.AUTHENTICATED_ENCRYPTED,
    SecurityControl.AUTHENTICATED,
    SecurityControl.ENCRYPTED,
]


def serve(request: Request) -> Response:
    """A meter of three objects."""
    invoke_id = request.invoke_id_and_priority  # type: ignore[union-attr]
    if isinstance(request, GetRequestWithList):
        return GetResponseWithList(invoke_id, tuple(_value(descriptor) for descriptor, _ in request.items))
    if isinstance(request, GetRequestNormal):
        return GetResponseNormal(invoke_id, _value(request.descriptor))
    if isinstance(request, SetRequestNormal):
        return SetResponseNormal(invoke_id, DataAccessResult.READ_WRITE_DENIED)
    assert isinstance(request, ActionRequestNormal)
    return ActionResponseNormal(invoke_id, ActionResult.SUCCESS, None)


def _value(descriptor: AttributeDescriptor) -> bytes | DataAccessResult:
    if descriptor == VALUE:
        return b"\x06\x00\x00\x00\x2a"
    return LONG_VALUE if descriptor == PROFILE else DataAccessResult.OBJECT_UNDEFINED


def associated(bottle: Bottle) -> Bottle:
    assert [type(event) for event in bottle.tell(Associate())] == [Associated]
    return bottle


def plain(mechanism: Mechanism = Mechanism.LOWEST, /, **client_changes: object) -> Bottle:
    server = settings(SERVER_TITLE, mechanism, security=None)
    return Bottle(replace(server, **client_changes), server, serve)  # type: ignore[arg-type]


def ciphered(**client_changes: object) -> Bottle:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    return Bottle(replace(client, **client_changes), server, serve)  # type: ignore[arg-type]


def answer(bottle: Bottle, request: Request) -> Response:
    (event,) = bottle.tell(request)
    assert isinstance(event, ResponseReceived)
    return event.response


# What holds for every way to associate


@pytest.mark.parametrize(("ciphering", "policy"), list(itertools.product(Ciphering, POLICIES)))
def test_every_ciphering_carries_every_service(ciphering: Ciphering, policy: SecurityControl) -> None:
    bottle = associated(Bottle(*ciphered_settings(ciphering, policy), serve))
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")
    assert answer(bottle, SetRequestNormal(0xC2, VALUE, None, b"\x11\x05")) == SetResponseNormal(
        0xC2, DataAccessResult.READ_WRITE_DENIED
    )
    assert answer(bottle, ActionRequestNormal(0xC3, DISCONNECT, b"\x0f\x00")) == ActionResponseNormal(
        0xC3, ActionResult.SUCCESS, None
    )
    assert [type(event) for event in bottle.tell(Release())] == [Released]
    assert bottle.client.state is bottle.server.state is State.IDLE
    if policy & SecurityControl.ENCRYPTED:
        assert not any(b"\x06\x00\x00\x00\x2a" in apdu for apdu in bottle.to_client)


@pytest.mark.parametrize("mechanism", [Mechanism.LOWEST, Mechanism.LLS])
def test_plain_associations(mechanism: Mechanism) -> None:
    bottle = associated(plain(mechanism))
    assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")
    assert [type(event) for event in bottle.tell(Release())] == [Released]


@pytest.mark.parametrize("pdu_size", [80, 128, 300, 1000, 4116, 4117, 5000, 0])
@pytest.mark.parametrize("is_ciphered", [True, False])
def test_long_results_travel_in_blocks_that_the_client_can_take(pdu_size: int, is_ciphered: bool) -> None:
    bottle = associated((ciphered if is_ciphered else plain)(max_receive_pdu_size=pdu_size))
    bottle.to_client.clear()
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == GetResponseNormal(0xC1, LONG_VALUE)
    longest = max(map(len, bottle.to_client))
    assert pdu_size == 0 or longest <= pdu_size
    assert (len(bottle.to_client) == 1) == (pdu_size == 0 or pdu_size > 4140 or (not is_ciphered and pdu_size > 4104))
    with_list = GetRequestWithList(0xC2, ((VALUE, None), (PROFILE, None), (replace(VALUE, class_id=99), None)))
    expected = (b"\x06\x00\x00\x00\x2a", LONG_VALUE, DataAccessResult.OBJECT_UNDEFINED)
    assert answer(bottle, with_list) == GetResponseWithList(0xC2, expected)


def test_a_dedicated_key_is_new_for_each_association_and_its_counters_start_anew() -> None:
    client, server = ciphered_settings(Ciphering.DEDICATED, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = Bottle(client, server, serve)
    requests = []
    for _ in range(2):
        associated(bottle)
        bottle.to_server.clear()
        answer(bottle, GET_VALUE)
        requests.append(bottle.to_server[-1])
        bottle.tell(Release())
    assert requests[0][3:7] == requests[1][3:7]
    assert requests[0][7:] != requests[1][7:]


def test_invocation_counters_rise_from_one_association_to_the_next() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = Bottle(client, server, serve)
    for _ in range(3):
        associated(bottle)
        answer(bottle, GET_VALUE)
        bottle.tell(Release())
    for end in (client, server):
        assert end.security is not None
        assert isinstance(end.security.counters, Counter)
        taken = end.security.counters.taken
        assert len(set(taken)) == len(taken) == 12  # initiate, f(challenge), its ACTION and the GET, three times


# Who is refused, and with which diagnostic


def rejected(bottle: Bottle) -> str:
    (event,) = bottle.tell(Associate())
    assert isinstance(event, Rejected)
    assert bottle.client.state is bottle.server.state is State.IDLE
    assert isinstance(bottle.server_events[-1], Violated)
    return event.diagnostic


def test_a_wrong_lls_secret_is_refused() -> None:
    assert rejected(plain(Mechanism.LLS, secret=b"87654321")) == "AUTHENTICATION_FAILURE"


def test_another_mechanism_is_refused() -> None:
    assert rejected(plain(Mechanism.LLS, mechanism=Mechanism.LOWEST)) == "AUTHENTICATION_REQUIRED"
    assert rejected(plain(Mechanism.LOWEST, mechanism=Mechanism.LLS)) == "AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED"


def test_a_plain_context_is_refused_where_a_ciphered_one_is_asked() -> None:
    diagnostic = rejected(ciphered(security=None, mechanism=Mechanism.LOWEST))
    assert diagnostic == "APPLICATION_CONTEXT_NAME_NOT_SUPPORTED"


def test_a_wrong_key_is_refused() -> None:
    wrong = security(CLIENT_TITLE, keys=CipherKeys(bytes(16), bytes(16)))
    assert rejected(ciphered(security=wrong)) == "AUTHENTICATION_FAILURE"


def test_a_replayed_or_rewound_counter_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = associated(Bottle(client, server, serve))
    bottle.tell(Release())
    rewound = replace(client, security=security(CLIENT_TITLE))
    again = Bottle(rewound, server, serve)
    assert rejected(again) == "AUTHENTICATION_FAILURE"
    violation = again.server_events[-1]
    assert isinstance(violation, Violated)
    assert isinstance(violation.error, InvocationCounterError)


def test_an_unexpected_system_title_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    only = replace(server, security=security(SERVER_TITLE, peer_system_title=b"FEROTHER"))
    assert rejected(Bottle(client, only, serve)) == "AUTHENTICATION_FAILURE"


def test_the_servers_own_system_title_sent_back_to_it_is_refused() -> None:
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    mirror = replace(client, security=security(SERVER_TITLE))
    assert rejected(Bottle(mirror, server, serve)) == "AUTHENTICATION_FAILURE"


@pytest.mark.parametrize("octets", [7, 65])
def test_a_challenge_too_short_or_too_long_is_refused(octets: int) -> None:
    assert rejected(ciphered(challenge_octets=octets)) == "AUTHENTICATION_FAILURE"


def test_an_unusable_pdu_size_is_refused() -> None:
    assert rejected(plain(max_receive_pdu_size=11)) == "PDU_SIZE_TOO_SHORT"


# What an associated server does with what it must not accept


def violation_of(bottle: Bottle, apdu: bytes) -> tuple[ExceptionResponse, Exception]:
    """Hand an APDU to the server; its exception-response and the error that its driver is told of."""
    before = bottle.server.state
    bottle.server.receive(apdu, 0)
    (event,) = bottle.server.events()
    assert isinstance(event, Violated)
    (octets,) = bottle.server.outgoing()
    response = decode_apdu(octets)
    assert isinstance(response, ExceptionResponse)
    assert bottle.server.state is before, "a third party must not move the association"
    return response, event.error


def test_a_request_below_the_policy_is_refused() -> None:
    bottle = associated(ciphered())
    response, error = violation_of(bottle, GET_VALUE.encode())
    assert response == ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.DECIPHERING_ERROR)
    assert isinstance(error, AuthenticationError)


def test_a_weaker_protection_than_the_policy_asks_is_refused() -> None:
    bottle = associated(ciphered())
    for control in (0x00, 0x10, 0x20, 0x31, 0x70):
        content = KEYS.protect(control, CLIENT_TITLE, 1000 + control, GET_VALUE.encode())
        response, error = violation_of(bottle, bytes((0xC8, len(content))) + content)
        assert response.service_error is ServiceErrorCode.DECIPHERING_ERROR
        assert isinstance(error, AuthenticationError)


def test_a_replayed_request_is_refused_and_told_the_counter_expected() -> None:
    bottle = associated(ciphered())
    answer(bottle, GET_VALUE)
    response, error = violation_of(bottle, bottle.to_server[-1])
    assert isinstance(error, InvocationCounterError)
    assert response.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
    assert response.invocation_counter == 5  # four were taken: initiate, f(challenge), its ACTION, the GET


@given(st.data())
def test_any_flipped_bit_of_a_ciphered_request_is_refused(data: st.DataObject) -> None:
    bottle = associated(ciphered())
    answer(bottle, GET_VALUE)
    bottle.client.send(GET_VALUE, 0)
    (apdu,) = bottle.client.outgoing()
    bit = data.draw(st.integers(0, 8 * len(apdu) - 1))
    flipped = bytearray(apdu)
    flipped[bit // 8] ^= 1 << bit % 8
    bottle.server.receive(bytes(flipped), 0)
    assert not any(isinstance(event, RequestReceived) for event in bottle.server.events())


def test_a_service_under_another_ones_tag_is_refused() -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    (apdu,) = bottle.client.outgoing()
    _, error = violation_of(bottle, b"\xcb" + apdu[1:])
    assert isinstance(error, RemoteProtocolError)


def test_requests_without_an_association_are_refused() -> None:
    bottle = ciphered()
    response, _ = violation_of(bottle, GET_VALUE.encode())
    assert response.state_error is StateError.SERVICE_NOT_ALLOWED
    response, _ = violation_of(plain(), GET_VALUE.encode())
    assert response == ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)


def test_requests_before_hls_authentication_are_refused() -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    bottle.server.outgoing()
    assert bottle.server.state is State.HLS_PENDING
    content = KEYS.protect(0x30, CLIENT_TITLE, 50, GET_VALUE.encode())
    _, error = violation_of(bottle, bytes((0xC8, len(content))) + content)
    assert "before HLS authentication" in str(error)


def test_a_wrong_hls_response_ends_the_association() -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    bottle.server.outgoing()
    wrong = b"\x09\x11" + KEYS.gmac(CLIENT_TITLE, 60, b"another challenge")
    reply = ActionRequestNormal(0xC1, MethodDescriptor(15, Obis.parse("0.0.40.0.0.255"), 1), wrong)
    content = KEYS.protect(0x30, CLIENT_TITLE, 61, reply.encode())
    bottle.server.receive(bytes((0xCB, len(content))) + content, 0)
    assert bottle.server.state is State.IDLE
    assert isinstance(bottle.server.events()[-1], Violated)


def test_blocks_are_asked_for_in_order_or_not_at_all() -> None:
    bottle = associated(plain(max_receive_pdu_size=200))
    nothing = GetRequestNext(0xC1, 1)
    bottle.server.receive(nothing.encode(), 0)
    (octets,) = bottle.server.outgoing()
    assert decode_apdu(octets) == GetResponseWithBlock(0xC1, True, 1, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    bottle.server.receive(GetRequestNormal(0xC1, PROFILE).encode(), 0)
    bottle._answer()
    bottle.server.outgoing()
    bottle.server.receive(GetRequestNext(0xC1, 7).encode(), 0)
    (octets,) = bottle.server.outgoing()
    assert decode_apdu(octets) == GetResponseWithBlock(0xC1, True, 7, DataAccessResult.DATA_BLOCK_NUMBER_INVALID)


def test_a_new_aarq_starts_over() -> None:
    bottle = associated(plain())
    bottle.client.abort(LinkTimeoutError("the link broke"))
    bottle.client.events()
    associated(bottle)


@given(st.binary(max_size=120))
def test_any_octets_leave_the_server_standing(octets: bytes) -> None:
    bottle = associated(ciphered())
    bottle.server.receive(octets, 0)
    assert not any(isinstance(event, RequestReceived) for event in bottle.server.events())
    bottle.server.outgoing()
    if bottle.server.state is State.ASSOCIATED:
        assert answer(bottle, GET_VALUE) == GetResponseNormal(0xC1, b"\x06\x00\x00\x00\x2a")


# What a client does with a server that it cannot trust


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
