"""Lists, ACCESS and confirmed notifications of the client's driver, and servers that answer other than they were asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ferraris.client import AccessResult, ClientAssociation, ClientSettings
from ferraris.dlms import (
    Association,
    AssociationSettings,
    NotificationConfirmed,
    Request,
    RequestReceived,
    Response,
    Role,
    WrapperReceiver,
    encode_wpdu,
)
from ferraris.dlms.apdu import (
    CONFIRMED,
    SELF_DESCRIPTIVE,
    AccessItem,
    AccessKind,
    AccessRequest,
    AccessResponse,
    ActionAnswer,
    ActionRequestWithList,
    ActionResponseWithList,
    ActionResult,
    DataAccessResult,
    DataNotification,
    EventNotification,
    Mechanism,
    SetRequestWithList,
    SetResponseWithList,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import RefusedError, RemoteProtocolError
from ferraris.link import loopback_pair
from tests.client.served import Server, served
from tests.dlms.bottle import DISCONNECT, GET_VALUE, VALUE, VALUE_READ

PLAIN = AssociationSettings(Mechanism.LOWEST)
READ = AccessItem(AccessKind.GET, VALUE)
NULL = b"\x00"
Ask = Callable[[ClientAssociation], Awaitable[object]]


def asked(serve: Callable[[Request], Response], ask: Ask) -> tuple[object, list[Request]]:
    """What `ask` gets of a server that answers so, and the requests that it had."""

    async def scenario() -> tuple[object, list[Request]]:
        server = Server(PLAIN, serve)
        async with served(PLAIN, server) as association:
            await association.associate()
            return await ask(association), server.requests

    return asyncio.run(scenario())


def answering(response: AccessResponse) -> Callable[[Request], Response]:
    def serve(request: Request) -> Response:
        assert isinstance(request, AccessRequest)
        return replace(response, long_invoke_id_and_priority=request.long_invoke_id_and_priority)

    return serve


DONE = AccessResponse(
    0, b"", None, (b"\x11\x05", NULL), ((AccessKind.GET, DataAccessResult(0)), (AccessKind.GET, DataAccessResult(4)))
)
SHORT = AccessResponse(0, b"", None, (NULL,), ((AccessKind.GET, DataAccessResult(4)),))


async def two(association: ClientAssociation) -> object:
    return await association.access([(READ, NULL), (READ, NULL)])


def test_access_asks_by_rising_long_invoke_ids_and_options() -> None:
    async def ask(association: ClientAssociation) -> object:
        await association.access([(READ, NULL), (READ, NULL)])
        return await association.access([(READ, NULL), (READ, NULL)], self_descriptive=True, break_on_error=True)

    results, requests = asked(answering(DONE), ask)
    assert results == [AccessResult(DataAccessResult.SUCCESS, b"\x11\x05"), AccessResult(DataAccessResult(4), NULL)]
    first, second = requests
    assert isinstance(first, AccessRequest)
    assert isinstance(second, AccessRequest)
    assert (first.long_invoke_id_and_priority, second.long_invoke_id_and_priority) == (0xC000_0001, 0xF000_0002)
    assert second.long_invoke_id_and_priority & SELF_DESCRIPTIVE


def test_fewer_answers_than_items_are_taken_from_a_server_that_was_to_break_off_only() -> None:
    with pytest.raises(RemoteProtocolError, match="another length"):
        asked(answering(SHORT), two)
    results, _ = asked(
        answering(SHORT), lambda association: association.access([(READ, NULL), (READ, NULL)], break_on_error=True)
    )
    assert results == [AccessResult(DataAccessResult.OBJECT_UNDEFINED, NULL)]


def test_other_items_than_were_asked_for_are_refused() -> None:
    other = AccessItem(AccessKind.ACTION, DISCONNECT)
    with pytest.raises(RemoteProtocolError, match="other items"):
        asked(answering(replace(DONE, items=(READ, other))), two)


def test_an_answer_to_another_access_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="invoke id"):
        asked(lambda request: replace(DONE, long_invoke_id_and_priority=0xC000_0077), two)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_lists_of_another_length_than_asked_for_are_refused(count: int) -> None:
    def serve(request: Request) -> Response:
        if isinstance(request, SetRequestWithList):
            return SetResponseWithList(request.invoke_id_and_priority, (DataAccessResult.SUCCESS,) * count)
        assert isinstance(request, ActionRequestWithList)
        answers = (ActionAnswer(ActionResult.SUCCESS, None),) * count
        return ActionResponseWithList(request.invoke_id_and_priority, answers)

    with pytest.raises(RemoteProtocolError, match="another length"):
        asked(serve, lambda association: association.set_list([(VALUE, NULL)] * 2))
    with pytest.raises(RemoteProtocolError, match="another length"):
        asked(serve, lambda association: association.invoke_list([(DISCONNECT, NULL)] * 2))


@pytest.mark.parametrize("confirms", [True, False])
def test_a_notification_that_asks_for_it_is_confirmed_once_it_has_been_taken(confirms: bool) -> None:
    async def scenario() -> tuple[list[object], list[object]]:
        here, there = loopback_pair()
        taken: list[object] = []
        confirmed: list[object] = []
        server = Server(PLAIN, lambda request: VALUE_READ)

        def with_notifications(engine: Association) -> None:
            for notification in (
                DataNotification(CONFIRMED | 5, b"", b"\x11\x05"),
                DataNotification(6, b"", b"\x11\x06"),
                EventNotification(None, VALUE, b"\x11\x07"),
            ):
                engine.send(notification, 0)

        task = asyncio.create_task(run(server, there, with_notifications, confirmed))
        settings = ClientSettings(PLAIN, confirms_notifications=confirms)
        association = ClientAssociation(here, settings, SeededEntropy(1), taken.append)
        await association.associate()
        for _ in range(2):
            await association.request(GET_VALUE)
        await association.aclose()
        await asyncio.gather(task, return_exceptions=True)
        return taken, confirmed

    taken, confirmed = asyncio.run(scenario())
    assert len(taken) == 6
    assert confirmed == ([NotificationConfirmed(5)] if confirms else [])


async def run(server: Server, link: object, notify: Callable[[Association], None], confirmed: list[object]) -> None:
    """Serve one link, and notify with every answer."""

    engine, receiver = Association(Role.SERVER, server.settings, SeededEntropy(2)), WrapperReceiver()
    while True:
        receiver.receive(await link.receive())  # type: ignore[attr-defined]
        for wpdu in receiver.events():
            engine.receive(wpdu.apdu, 0)
            for event in engine.events():
                if isinstance(event, RequestReceived):
                    notify(engine)
                    engine.send(VALUE_READ, 0)
                elif isinstance(event, NotificationConfirmed):
                    confirmed.append(event)
            for apdu in engine.outgoing():
                await link.send(encode_wpdu(1, 16, apdu))  # type: ignore[attr-defined]


def test_a_list_that_was_not_negotiated_is_a_refusal() -> None:
    async def scenario() -> None:
        server = Server(
            replace(PLAIN, conformance=AssociationSettings().conformance & ~0x200), lambda request: VALUE_READ
        )
        async with served(PLAIN, server) as association:
            await association.associate()
            with pytest.raises(RefusedError, match="service-not-supported"):
                await association.set_list([(VALUE, NULL)])

    asyncio.run(scenario())
