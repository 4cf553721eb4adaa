"""Long notifications within an association: in general blocks, between requests, through losses, and never twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.cosem import Referencing
from ferraris.dlms import (
    Aborted,
    Ciphering,
    Event,
    NotificationReceived,
    RequestReceived,
    ResponseReceived,
    SecurityControl,
    State,
)
from ferraris.dlms.apdu import (
    Conformance,
    DataNotification,
    EventNotification,
    GeneralBlockTransfer,
    InformationReportRequest,
    VariableName,
    decode_apdu,
)
from ferraris.dlms.association import UNASKED_WAITS_MAX
from ferraris.dlms.settings import CONFORMANCE_BY_SHORT_NAMES
from ferraris.kernel.errors import LocalProtocolError
from ferraris.kernel.limits import NOTIFICATIONS_WAITING_MAX
from tests.dlms.bottle import (
    GET_VALUE,
    PROFILE,
    VALUE,
    VALUE_READ,
    Bottle,
    answer,
    associated,
    ciphered_settings,
    plain,
    serve,
)

LONG_BODY = b"\x09\x82\x04\x00" + bytes(range(256)) * 4
PUSH = DataNotification(7, b"", LONG_BODY)
EVENT = EventNotification(None, VALUE, LONG_BODY)
REPORT = InformationReportRequest(None, (VariableName(8),), (LONG_BODY,))
SHORT = DataNotification(8, b"", b"\x11\x05")
WITHOUT_GENERAL_BLOCKS = ~Conformance.GENERAL_BLOCK_TRANSFER
GET_PROFILE = replace(GET_VALUE, descriptor=PROFILE)
PDU_SIZE = 200


def bottle_of(ciphering: Ciphering | None = None, **changes: object) -> Bottle:
    if ciphering is None:
        return associated(plain(max_receive_pdu_size=PDU_SIZE, **changes))
    client, server = ciphered_settings(ciphering, SecurityControl.AUTHENTICATED_ENCRYPTED)
    bottle = associated(Bottle(replace(client, max_receive_pdu_size=PDU_SIZE, **changes), server, serve))
    answer(bottle, GET_VALUE)  # in which form a client wants its ciphering, it shows by its requests
    return bottle


def told(events: list[Event]) -> list[object]:
    """The notifications among events; a request's answer counts as one."""
    assert not any(isinstance(event, Aborted) for event in events)
    return [
        event.notification if isinstance(event, NotificationReceived) else event.response
        for event in events
        if isinstance(event, NotificationReceived | ResponseReceived)
    ]


@pytest.mark.parametrize("ciphering", [None, *Ciphering])
@pytest.mark.parametrize("notification", [PUSH, EVENT])
def test_what_is_longer_than_the_client_takes_goes_in_general_blocks(
    ciphering: Ciphering | None, notification: DataNotification | EventNotification
) -> None:
    bottle = bottle_of(ciphering)
    bottle.to_client.clear()
    bottle.server.send(notification, 0)
    bottle.server.send(SHORT, 0)
    assert told(bottle.carry()) == [notification, SHORT]  # in the order told, or its counter would be an old one
    assert max(map(len, bottle.to_client)) <= PDU_SIZE
    assert isinstance(decode_apdu(bottle.to_client[0]), GeneralBlockTransfer)
    assert answer(bottle, GET_VALUE) == VALUE_READ


def test_an_information_report_too() -> None:
    conformance = CONFORMANCE_BY_SHORT_NAMES | Conformance.GENERAL_BLOCK_TRANSFER
    client, server = ciphered_settings(Ciphering.GLOBAL, SecurityControl.AUTHENTICATED_ENCRYPTED)
    client, server = (
        replace(end, referencing=Referencing.SHORT_NAME, conformance=conformance) for end in (client, server)
    )
    bottle = associated(Bottle(replace(client, max_receive_pdu_size=PDU_SIZE), server, serve))
    bottle.server.send(REPORT, 0)
    assert told(bottle.carry()) == [REPORT]


def test_without_general_blocks_it_is_not_sent() -> None:
    bottle = plain(max_receive_pdu_size=PDU_SIZE)
    conformance = bottle.client._machine.settings.conformance & WITHOUT_GENERAL_BLOCKS
    bottle = associated(plain(max_receive_pdu_size=PDU_SIZE, conformance=conformance))
    with pytest.raises(LocalProtocolError, match="longer than the client takes"):
        bottle.server.send(PUSH, 0)
    assert bottle.server.outgoing() == []


def test_while_a_request_waits_it_waits() -> None:
    bottle = bottle_of()
    bottle.client.send(GET_VALUE, 0)
    bottle.server.receive(bottle.client.outgoing()[0], 0)
    (event,) = bottle.server.events()
    assert isinstance(event, RequestReceived)
    bottle.server.send(PUSH, 0)
    assert bottle.server.outgoing() == []
    bottle.server.send(serve(event.request), 0)
    assert told(bottle.carry()) == [VALUE_READ, PUSH]


@pytest.mark.parametrize("ciphering", [None, Ciphering.GLOBAL, Ciphering.GENERAL_GLOBAL])
@pytest.mark.parametrize("blocks_before", [0, 1, 2])
@pytest.mark.parametrize("request_in_blocks", [False, True])
def test_a_request_may_cross_it(ciphering: Ciphering | None, blocks_before: int, request_in_blocks: bool) -> None:
    """Both arrive; but a request in blocks drops what it meets, and what had gone out whole is not told again."""
    bottle = bottle_of(ciphering, streams_results=request_in_blocks)
    bottle.server.send(PUSH, 0)
    for _ in range(blocks_before):
        for octets in bottle.server.outgoing():
            bottle.client.receive(octets, 0)
        for octets in bottle.client.outgoing():
            bottle.server.receive(octets, 0)
    bottle.client.send(GET_PROFILE, 0)
    answered = serve(GET_PROFILE)
    got = told(bottle.carry())
    while len(got) < 2 and (wake_ms := bottle.client.wake_at()) is not None:
        bottle.client.tick(wake_ms)
        got += told(bottle.carry())
    assert [one for one in got if one != PUSH] == [answered]
    assert got.count(PUSH) == 1 or (request_in_blocks and blocks_before and PUSH not in got)
    assert answer(bottle, GET_VALUE) == VALUE_READ


@settings(max_examples=60)
@given(st.lists(st.sampled_from((0, 1, 1, 1, 2)), min_size=1, max_size=60), st.sampled_from((None, Ciphering.GLOBAL)))
def test_losses_cost_a_notification_at_most_and_never_the_association(
    fates: list[int], ciphering: Ciphering | None
) -> None:
    """Blocks are lost and doubled both ways; the client asks again, and gives up when nothing more comes."""
    bottle = bottle_of(ciphering)
    fate = (fates[place] if place < len(fates) else 1 for place in count())
    bottle.server.send(PUSH, 0)
    got: list[object] = []
    now_ms = 0
    for _ in range(1_000):
        downwards = bottle.server.outgoing()
        for octets in downwards:
            for _ in range(next(fate)):
                bottle.client.receive(octets, now_ms)
        upwards = bottle.client.outgoing()
        for octets in upwards:
            for _ in range(next(fate)):
                bottle.server.receive(octets, now_ms)
        got += told(bottle.client.events())
        wake_ms = bottle.client.wake_at()
        if wake_ms is None and not downwards and not upwards:
            break
        if wake_ms is not None and not downwards and not upwards:
            now_ms = wake_ms
            bottle.client.tick(now_ms)
    else:
        raise AssertionError("no end")
    assert bottle.client.state is bottle.server.state is State.ASSOCIATED
    got += told(bottle.tell(GET_VALUE))
    got.remove(VALUE_READ)
    assert got in ([], [PUSH])
    assert got or fates.count(0) > UNASKED_WAITS_MAX


def test_a_rest_that_does_not_come_is_given_up() -> None:
    bottle = bottle_of()
    bottle.server.send(PUSH, 0)
    bottle.client.receive(bottle.server.outgoing()[0], 0)
    waits = 0
    while (wake_ms := bottle.client.wake_at()) is not None:
        bottle.client.tick(wake_ms)
        waits += 1
        assert waits < 10
    assert bottle.client.events() == []
    assert bottle.client.state is State.ASSOCIATED


def test_only_so_many_wait() -> None:
    bottle = bottle_of()
    for _ in range(NOTIFICATIONS_WAITING_MAX):
        bottle.server.send(PUSH, 0)
    with pytest.raises(LocalProtocolError, match="too many"):
        bottle.server.send(PUSH, 0)
    assert told(bottle.carry()) == [PUSH] * NOTIFICATIONS_WAITING_MAX


def test_a_new_association_forgets_what_the_old_one_waited_to_tell() -> None:
    bottle = bottle_of()
    bottle.server.send(PUSH, 0)
    bottle.server.outgoing()
    aarq = bottle.to_server[0]
    bottle.server.receive(aarq, 0)
    bottle.server.outgoing()
    bottle.server.receive(GET_VALUE.encode(), 0)
    bottle.server.send(VALUE_READ, 0)
    assert bottle.server.outgoing() == [VALUE_READ.encode()]
