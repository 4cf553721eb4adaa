"""Ways into and out of an association beside AARQ and RLRQ, what a refused AARQ may do to a client, and what servers tell unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from ferraris.dlms import (
    Aborted,
    Associate,
    Associated,
    AssociationSettings,
    Ciphering,
    ExceptionAnswerError,
    NotificationConfirmed,
    NotificationReceived,
    Release,
    Released,
    Security,
    SecurityControl,
    State,
    Violated,
)
from ferraris.dlms.apdu import (
    CONFIRMED,
    ActionRequestNormal,
    ConfirmedService,
    ConfirmedServiceError,
    DataNotification,
    DataNotificationConfirm,
    ErrorCategory,
    EventNotification,
    ExceptionResponse,
    GetRequestNormal,
    InitiateError,
    Mechanism,
    Rlrq,
    ServiceErrorCode,
    StateError,
)
from ferraris.kernel.errors import InvocationCounterError, LocalProtocolError, SecurityError
from ferraris.kernel.limits import INVOCATION_COUNTER_RAISE_MAX
from ferraris.keys import ReservedCounter
from tests.dlms.bottle import (
    CLIENT_TITLE,
    DISCONNECT,
    GET_VALUE,
    PROFILE,
    SERVER_TITLE,
    VALUE,
    VALUE_READ,
    Bottle,
    answer,
    associated,
    ciphered_settings,
    plain,
    security,
    serve,
    settings,
)

# Pre-established associations


def pre_established(ciphering: Ciphering | None) -> Bottle:
    if ciphering is None:
        client = server = settings(SERVER_TITLE, Mechanism.LOWEST, security=None, pre_established_pdu_size=500)
    else:
        ours = security(CLIENT_TITLE, ciphering=ciphering, peer_system_title=SERVER_TITLE)
        theirs = security(SERVER_TITLE, peer_system_title=CLIENT_TITLE)
        client = settings(CLIENT_TITLE, Mechanism.LOWEST, security=ours, pre_established_pdu_size=500)
        server = settings(SERVER_TITLE, Mechanism.LOWEST, security=theirs, pre_established_pdu_size=500)
    return Bottle(client, server, serve)


@pytest.mark.parametrize("ciphering", [None, Ciphering.GLOBAL, Ciphering.GENERAL_GLOBAL])
def test_a_pre_established_association_stands_without_a_word(ciphering: Ciphering | None) -> None:
    bottle = associated(pre_established(ciphering))
    assert bottle.to_server == bottle.to_client == []
    assert bottle.server.state is State.ASSOCIATED
    assert answer(bottle, GET_VALUE) == VALUE_READ
    assert answer(bottle, GetRequestNormal(0xC1, PROFILE)).result  # type: ignore[union-attr]
    assert max(map(len, bottle.to_client)) <= 500
    assert isinstance(bottle.server_events[0], Associated)
    assert [type(event) for event in bottle.tell(Release())] == [Released]
    assert bottle.to_server[-1][0] != 0x62
    assert bottle.client.state is State.IDLE


def test_nobody_takes_a_pre_established_association_away() -> None:
    bottle = associated(pre_established(None))
    stranger = plain()
    stranger.client.send(Associate(), 0)
    for octets in (*stranger.client.outgoing(), Rlrq(None).encode()):
        bottle.server.receive(octets, 0)
        (refused,) = bottle.server.outgoing()
        assert refused[0] == 0xD8
        assert isinstance(bottle.server.events()[-1], Violated)
    assert answer(bottle, GET_VALUE) == VALUE_READ


def test_a_ciphered_pre_established_association_needs_the_peers_system_title() -> None:
    with pytest.raises(SecurityError):
        Bottle(
            *(
                settings(title, Mechanism.LOWEST, pre_established_pdu_size=500)
                for title in (CLIENT_TITLE, SERVER_TITLE)
            ),
            serve,
        )


def test_a_client_may_leave_without_a_release() -> None:
    bottle = associated(plain(sends_release=False))
    bottle.to_server.clear()
    assert [type(event) for event in bottle.tell(Release())] == [Released]
    assert bottle.to_server == []
    assert bottle.client.state is State.IDLE
    associated(bottle)
    assert answer(bottle, GET_VALUE) == VALUE_READ


@pytest.mark.parametrize(("release_timeout_ms", "waits_ms"), [(500, 500), (60_000, 10_000)])
def test_a_release_that_is_not_answered_is_waited_for_as_long_as_set(release_timeout_ms: int, waits_ms: int) -> None:
    bottle = associated(plain(release_timeout_ms=release_timeout_ms))
    bottle.client.send(Release(), 1_000)
    assert bottle.client.wake_at() == 1_000 + waits_ms
    bottle.client.tick(1_000 + waits_ms)
    assert [type(event) for event in bottle.client.events()] == [Aborted]
    assert bottle.client.state is State.IDLE
    bottle.client.outgoing()
    associated(bottle)


# Refused


@pytest.mark.parametrize(
    "refusal",
    [
        ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE),
        ConfirmedServiceError(ConfirmedService.INITIATE, ErrorCategory.INITIATE, InitiateError.OTHER),
    ],
)
def test_a_refusal_in_the_clear_of_an_aarq_is_no_question_of_authentication(
    refusal: ExceptionResponse | ConfirmedServiceError,
) -> None:
    bottle = plain()
    bottle.client.send(Associate(), 0)
    bottle.client.receive(refusal.encode(), 0)
    (event,) = bottle.client.events()
    assert isinstance(event, Aborted)
    assert isinstance(event.error, ExceptionAnswerError)
    assert bottle.client.state is State.IDLE


@dataclass
class Disk:
    """The counter of a key, and what is durable of it."""

    reserved: int = 0

    def reserve(self, up_to: int) -> None:
        assert up_to >= self.reserved, "a counter goes backwards"
        self.reserved = up_to

    def counter(self) -> ReservedCounter:
        return ReservedCounter(self.reserved, self.reserve, block=8)


def behind(counter: ReservedCounter, raise_max: int) -> Bottle:
    """A client whose counter is far behind what the server has seen."""
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    assert client.security is not None
    assert server.security is not None
    server.security.guard.accept(CLIENT_TITLE, 5_000)
    ours: Security = replace(client.security, counters=counter)
    settings_: AssociationSettings = replace(client, security=ours, counter_raise_max=raise_max)
    return Bottle(settings_, server, serve)


def test_a_client_goes_on_above_the_counter_that_the_server_expects() -> None:
    counter = Disk().counter()
    bottle = behind(counter, raise_max=10_000)
    told = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 5_001)
    bottle.client.send(Associate(), 0)
    first = bottle.client.outgoing()
    bottle.client.receive(told.encode(), 0)
    assert [type(event) for event in bottle.carry()] == [Associated]
    assert first
    assert answer(bottle, GET_VALUE) == VALUE_READ
    assert 5_000 < counter.last_taken < 5_010


def test_a_counter_is_raised_once_for_an_association_asked_for() -> None:
    counter = Disk().counter()
    bottle = behind(counter, raise_max=10_000)
    bottle.client.send(Associate(), 0)
    for number in (100, 200):
        told = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, number)
        bottle.client.receive(told.encode(), 0)
    (event,) = bottle.client.events()
    assert isinstance(event, Aborted)
    assert isinstance(event.error, InvocationCounterError)
    assert 100 <= counter.last_taken < 110


@pytest.mark.parametrize("raise_max", [0, 1_000])
def test_forged_exceptions_neither_turn_a_counter_back_nor_use_it_up(raise_max: int) -> None:
    disk = Disk()
    counter = disk.counter()
    bottle = behind(counter, raise_max)
    highest = 0
    for told in (0, 1, 2, 1_500, 5_000, INVOCATION_COUNTER_RAISE_MAX, 0xFFFF_FFFE, 0xFFFF_FFFF, None, 3, 900):
        before = counter.last_taken
        bottle.client.send(Associate(), 0)
        forged = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, told)
        octets = forged.encode() if told is not None else forged.encode() + bytes(4)
        for _ in range(3):
            if bottle.client.state is not State.IDLE:
                bottle.client.receive(octets, 0)
        assert bottle.client.state is State.IDLE
        assert isinstance(bottle.client.events()[-1], Aborted)
        assert before < counter.last_taken <= before + raise_max + 3
        highest = max(highest, counter.last_taken)
        assert counter.last_taken == highest
    assert disk.counter().take() > highest


def test_no_exception_makes_a_client_repeat_a_request() -> None:
    bottle = associated(behind(Disk(10_000).counter(), raise_max=100_000))
    bottle.client.send(ActionRequestNormal(0xC1, DISCONNECT, b"\x0f\x00"), 0)
    bottle.client.outgoing()
    forged = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.INVOCATION_COUNTER_ERROR, 20_000)
    bottle.client.receive(forged.encode(), 0)
    assert bottle.client.outgoing() == []
    assert bottle.client.state is State.ASSOCIATED


# Unasked

PUSH = DataNotification(CONFIRMED | 7, b"", b"\x11\x05")
EVENT = EventNotification(None, VALUE, b"\x11\x05")


@pytest.mark.parametrize("ciphering", [None, *Ciphering])
def test_notifications_and_their_confirmation_within_an_association(ciphering: Ciphering | None) -> None:
    if ciphering is None:
        bottle = associated(plain())
    else:
        bottle = associated(Bottle(*ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED), serve))
        answer(bottle, GET_VALUE)  # in which form a client wants its ciphering, it shows by its requests
    bottle.server_events.clear()
    bottle.server.send(PUSH, 0)
    bottle.server.send(EVENT, 0)
    assert bottle.carry() == [NotificationReceived(PUSH), NotificationReceived(EVENT)]
    bottle.client.send(DataNotificationConfirm(PUSH.long_invoke_id_and_priority, b""), 0)
    assert bottle.carry() == []
    assert bottle.server_events == [NotificationConfirmed(7)]
    assert (PUSH.body in b"".join(bottle.to_client[-2:])) == (ciphering is None)
    assert answer(bottle, GET_VALUE) == VALUE_READ


def test_nobody_is_notified_or_confirmed_without_an_association() -> None:
    bottle = plain()
    with pytest.raises(LocalProtocolError):
        bottle.server.send(PUSH, 0)
    with pytest.raises(LocalProtocolError):
        bottle.client.send(DataNotificationConfirm(7, b""), 0)
    bottle.server.receive(DataNotificationConfirm(7, b"").encode(), 0)
    (event,) = bottle.server.events()
    assert isinstance(event, Violated)
