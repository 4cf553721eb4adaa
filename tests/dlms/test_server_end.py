"""The server's end: who and what it refuses, with which answer, and that nothing moves it that should not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.cosem import Obis
from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    AssociationSettings,
    Ciphering,
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
    ActionRequestNormal,
    ActionRequestWithList,
    ActionResponseNormal,
    ActionResult,
    Conformance,
    DataAccessResult,
    DataNotification,
    ExceptionResponse,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithBlock,
    Mechanism,
    MethodDescriptor,
    ReleaseReason,
    ReleaseResponseReason,
    Rlre,
    Rlrq,
    SelectiveAccess,
    ServiceErrorCode,
    SetRequestNormal,
    SetRequestWithList,
    StateError,
    decode_apdu,
)
from ferraris.kernel.errors import (
    AuthenticationError,
    InvocationCounterError,
    LinkTimeoutError,
    LocalProtocolError,
    RemoteProtocolError,
    SecurityError,
)
from tests.dlms.bottle import (
    CLIENT_TITLE,
    DISCONNECT,
    GET_VALUE,
    KEYS,
    LONG_VALUE,
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
    security,
    serve,
    settings,
)


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


# What the association does not allow


def granted(conformance: Conformance, **changes: object) -> Bottle:
    """An association of which the client asked for this conformance only."""
    return associated(plain(conformance=conformance, **changes))


SELECTION = SelectiveAccess(2, b"\x02\x00")
EVERYTHING_BUT = [
    # lacking                             request
    (Conformance.GET, GET_VALUE),
    (Conformance.SET, SetRequestNormal(0xC1, VALUE, None, b"\x11\x05")),
    (Conformance.ACTION, ActionRequestNormal(0xC1, DISCONNECT, b"\x0f\x00")),
    (Conformance.MULTIPLE_REFERENCES, GetRequestWithList(0xC1, ((VALUE, None),))),
    (Conformance.MULTIPLE_REFERENCES, SetRequestWithList(0xC1, ((VALUE, None),), (b"\x11\x05",))),
    (Conformance.MULTIPLE_REFERENCES, ActionRequestWithList(0xC1, (DISCONNECT,), (b"\x0f\x00",))),
    (Conformance.SELECTIVE_ACCESS, GetRequestNormal(0xC1, PROFILE, SELECTION)),
    (Conformance.SELECTIVE_ACCESS, GetRequestWithList(0xC1, ((VALUE, None), (PROFILE, SELECTION)))),
    (Conformance.SELECTIVE_ACCESS, SetRequestNormal(0xC1, PROFILE, SELECTION, b"\x11\x05")),
]


@pytest.mark.parametrize(("lacking", "request_"), EVERYTHING_BUT)
def test_a_service_that_was_not_negotiated_is_refused(lacking: Conformance, request_: Request) -> None:
    response, error = violation_of(granted(AssociationSettings().conformance & ~lacking), request_.encode())
    assert response == ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    assert isinstance(error, RemoteProtocolError)
    assert lacking.name is not None
    assert lacking.name in str(error)


@pytest.mark.parametrize(("lacking", "request_"), EVERYTHING_BUT)
def test_the_same_service_is_served_when_it_was_negotiated(lacking: Conformance, request_: Request) -> None:
    del lacking
    bottle = associated(plain())
    bottle.server.receive(request_.encode(), 0)
    assert bottle.server.events() == [RequestReceived(request_)]


def test_hls_authentication_needs_no_action_in_the_conformance() -> None:
    bottle = associated(ciphered(conformance=Conformance.GET))
    assert answer(bottle, GET_VALUE) == VALUE_READ


def test_a_result_too_long_for_a_client_without_block_transfer_is_refused() -> None:
    blocks = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ | Conformance.GENERAL_BLOCK_TRANSFER
    without = AssociationSettings().conformance & ~blocks
    bottle = granted(without, max_receive_pdu_size=200)
    too_long = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == too_long
    assert answer(bottle, GetRequestWithList(0xC2, ((PROFILE, None), (VALUE, None)))) == too_long
    assert answer(bottle, GET_VALUE) == VALUE_READ
    assert bottle.server.state is State.ASSOCIATED


def test_an_answer_that_has_no_blocks_and_is_too_long_is_refused() -> None:
    def serve_much(request: Request) -> Response:
        assert isinstance(request, ActionRequestNormal)
        return ActionResponseNormal(request.invoke_id_and_priority, ActionResult.SUCCESS, LONG_VALUE)

    blocks = Conformance.BLOCK_TRANSFER_WITH_ACTION | Conformance.GENERAL_BLOCK_TRANSFER
    without = AssociationSettings().conformance & ~blocks
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = associated(Bottle(replace(client, max_receive_pdu_size=1000, conformance=without), server, serve_much))
    response = answer(bottle, ActionRequestNormal(0xC1, DISCONNECT, b"\x0f\x00"))
    assert response == ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)


@pytest.mark.parametrize("size", [0, 64, 100, 101])
def test_an_apdu_above_the_agreed_size_is_refused(size: int) -> None:
    server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, max_receive_pdu_size=size)
    bottle = associated(Bottle(replace(server, max_receive_pdu_size=0), server, serve))
    request = SetRequestNormal(0xC1, VALUE, None, b"\x09\x56" + bytes(0x56))
    assert len(request.encode()) == 101
    if size in (0, 101):
        bottle.server.receive(request.encode(), 0)
        assert bottle.server.events() == [RequestReceived(request)]
        return
    response, error = violation_of(bottle, request.encode())
    assert response == ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG)
    assert (error.expected, error.got) == (size, 101)  # type: ignore[attr-defined]


def test_an_aarq_may_be_longer_than_what_is_agreed_with_it() -> None:
    server = settings(SERVER_TITLE, Mechanism.LLS, security=None, secret=b"s" * 60, max_receive_pdu_size=64)
    bottle = associated(Bottle(server, server, serve))
    assert len(bottle.to_server[0]) > 64


# What stands in the way of an answer


def test_an_answer_is_ciphered_whatever_arrives_while_it_is_made() -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    (request,) = bottle.client.outgoing()
    bottle.server.receive(request, 0)
    (event,) = bottle.server.events()
    assert isinstance(event, RequestReceived)
    for nuisance in (b"", b"\x00", GET_VALUE.encode(), request, GetRequestNext(0xC1, 1).encode()):
        bottle.server.receive(nuisance, 0)
        assert isinstance(bottle.server.events()[0], Violated)
        assert isinstance(decode_apdu(bottle.server.outgoing()[0]), ExceptionResponse)
    bottle.server.send(VALUE_READ, 0)
    (octets,) = bottle.server.outgoing()
    assert octets[0] == 0xCC, "a glo-get-response"
    assert b"\x06\x00\x00\x00\x2a" not in octets
    bottle.client.receive(octets, 0)
    assert bottle.client.events() == [ResponseReceived(VALUE_READ)]


@pytest.mark.parametrize("ciphering", Ciphering)
def test_an_answer_takes_the_form_of_its_request(ciphering: Ciphering) -> None:
    bottle = associated(Bottle(*ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED), serve))
    answer(bottle, GET_VALUE)
    tags = {
        Ciphering.GLOBAL: (0xC8, 0xCC),
        Ciphering.DEDICATED: (0xD0, 0xD4),
        Ciphering.GENERAL_GLOBAL: (0xDB, 0xDB),
        Ciphering.GENERAL_DEDICATED: (0xDC, 0xDC),
    }
    assert (bottle.to_server[-1][0], bottle.to_client[-1][0]) == tags[ciphering]


def test_an_answer_without_a_counter_is_an_error_of_the_driver_and_nothing_is_sent() -> None:
    @dataclass
    class Few:
        left: int

        def take(self) -> int:
            if not self.left:
                raise SecurityError("the invocation counter is used up")
            self.left -= 1
            return 100 - self.left

    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    few = Few(3)  # the AARE, f(challenge), and the answer that carries it
    bottle = associated(Bottle(client, replace(server, security=security(SERVER_TITLE, counters=few)), serve))
    bottle.client.send(GET_VALUE, 0)
    with pytest.raises(SecurityError, match="used up"):
        bottle.carry()
    assert bottle.server.outgoing() == []


@pytest.mark.parametrize("left", [1, 2])
def test_without_a_counter_for_the_hls_answer_no_association_stands(left: int) -> None:
    class Few:
        taken = 0

        def take(self) -> int:
            self.taken += 1
            if self.taken > left:
                raise SecurityError("the invocation counter is used up")
            return self.taken

    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = Bottle(client, replace(server, security=security(SERVER_TITLE, counters=Few())), serve)
    (event,) = bottle.tell(Associate())
    assert isinstance(event, Aborted)
    assert bottle.server.state is State.HLS_PENDING
    assert not any(isinstance(event, Associated) for event in bottle.server_events)
    bottle.server.tick(10_000)
    assert bottle.server.state is State.IDLE


def test_only_a_response_may_be_sent_and_only_to_a_request() -> None:
    bottle = associated(plain())
    for command in (GET_VALUE, Associate(), Release()):
        with pytest.raises(LocalProtocolError, match="a server cannot send this"):
            bottle.server.send(command, 0)
    with pytest.raises(LocalProtocolError, match="state does not allow"):
        bottle.server.send(VALUE_READ, 0)


def test_one_request_is_answered_at_a_time() -> None:
    bottle = associated(plain())
    bottle.server.receive(GET_VALUE.encode(), 0)
    assert bottle.server.events() == [RequestReceived(GET_VALUE)]
    response, _ = violation_of(bottle, GET_VALUE.encode())
    assert response == ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
    bottle.server.send(VALUE_READ, 0)
    assert bottle.server.outgoing() == [VALUE_READ.encode()]


def test_a_driver_may_answer_with_an_exception() -> None:
    bottle = associated(ciphered())
    bottle.client.send(GET_VALUE, 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    refusal = ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED)
    bottle.server.send(refusal, 0)
    assert bottle.server.outgoing() == [refusal.encode()]
    assert bottle.server.state is State.ASSOCIATED


# Time, release, and blocks


def test_a_client_that_does_not_finish_its_authentication_is_given_up() -> None:
    bottle = ciphered()
    bottle.client.send(Associate(), 0)
    bottle.server.receive(bottle.client.outgoing()[0], 3_000)
    assert bottle.server.wake_at() == 13_000
    bottle.server.tick(12_999)
    assert bottle.server.events() == []
    bottle.server.tick(13_000)
    (event,) = bottle.server.events()
    assert isinstance(event, Aborted)
    assert isinstance(event.error, LinkTimeoutError)
    assert (bottle.server.state, bottle.server.wake_at()) == (State.IDLE, None)


@pytest.mark.parametrize("reason", [None, *ReleaseReason])
def test_a_release_is_answered_in_every_state_but_while_associating(reason: ReleaseReason | None) -> None:
    release = Rlrq(reason).encode()
    for bottle in (plain(), associated(plain()), associated(ciphered())):
        bottle.server.receive(release, 0)
        assert bottle.server.events() == [Released()]
        assert [decode_apdu(octets) for octets in bottle.server.outgoing()] == [Rlre(ReleaseResponseReason.NORMAL)]
        assert bottle.server.state is State.IDLE
        response, _ = violation_of(bottle, GET_VALUE.encode())
        assert response.state_error is StateError.SERVICE_NOT_ALLOWED


@pytest.mark.parametrize(
    "apdu",
    [VALUE_READ.encode(), Rlre(ReleaseResponseReason.NORMAL).encode(), DataNotification(1, b"", b"\x00").encode()],
)
def test_what_only_a_server_sends_is_refused(apdu: bytes) -> None:
    _, error = violation_of(associated(plain()), apdu)
    assert "no APDU for a server" in str(error)


def test_a_new_request_or_a_new_association_drops_the_blocks_still_to_come() -> None:
    none_left = GetResponseWithBlock(0xC1, True, 1, DataAccessResult.NO_LONG_GET_IN_PROGRESS)
    for interruption in (GET_VALUE, Associate()):
        bottle = associated(plain(max_receive_pdu_size=200))
        bottle.server.receive(GetRequestNormal(0xC1, PROFILE).encode(), 0)
        bottle._answer()
        bottle.server.outgoing()
        if isinstance(interruption, Associate):
            bottle.client.abort(LinkTimeoutError("the link broke"))
            bottle.client.events()
            associated(bottle)
        else:
            bottle.server.receive(interruption.encode(), 0)
            bottle._answer()
        bottle.server.outgoing()
        bottle.server.receive(GetRequestNext(0xC1, 1).encode(), 0)
        assert [decode_apdu(octets) for octets in bottle.server.outgoing()] == [none_left]


def test_the_last_block_is_sent_once() -> None:
    bottle = associated(plain(max_receive_pdu_size=0x0FFF))
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)) == GetResponseNormal(0xC1, LONG_VALUE)
    bottle.server.receive(GetRequestNext(0xC1, 2).encode(), 0)
    (octets,) = bottle.server.outgoing()
    assert decode_apdu(octets) == GetResponseWithBlock(0xC1, True, 2, DataAccessResult.NO_LONG_GET_IN_PROGRESS)


def test_attribute_0_is_the_drivers_to_refuse() -> None:
    def serve_attribute_0(request: Request) -> Response:
        assert isinstance(request, GetRequestNormal)
        assert request.descriptor.attribute_id == 0
        return GetResponseNormal(request.invoke_id_and_priority, DataAccessResult.OBJECT_UNDEFINED)

    server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    bottle = associated(Bottle(server, server, serve_attribute_0))
    response = answer(bottle, GetRequestNormal(0xC1, replace(VALUE, attribute_id=0)))
    assert response == GetResponseNormal(0xC1, DataAccessResult.OBJECT_UNDEFINED)


@given(st.lists(st.integers(0, 255), max_size=4), st.sampled_from([0xC0, 0xC1, 0xC3, 0xC8, 0xCB, 0xDB, 0x60, 0x62]))
def test_short_octets_after_any_known_tag_leave_the_server_standing(rest: list[int], tag: int) -> None:
    bottle = associated(plain())
    bottle.server.receive(bytes((tag, *rest)), 0)
    assert not any(isinstance(event, RequestReceived) for event in bottle.server.events())
    bottle.server.outgoing()
    if bottle.server.state is not State.ASSOCIATED:
        bottle.client.abort(LinkTimeoutError("start over"))
        bottle.client.events()
        associated(bottle)
    assert answer(bottle, GET_VALUE) == VALUE_READ
