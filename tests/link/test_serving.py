"""The tasks that serve accepted links: bounded, closed with their handlers, and none left behind at the end."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError
from ferraris.link import HandlerTasks, Link, LoopbackLink, loopback_pair, open_udp, serve_tcp, serve_udp
from ferraris.simulation import run_virtual
from tests.link.conformance import until


async def hold(link: Link) -> None:
    await asyncio.Event().wait()


async def echo(link: Link) -> None:
    while True:
        await link.send(await link.receive())


async def is_closed(link: LoopbackLink) -> bool:
    """Whether the other end of a served link has heard of its end."""
    try:
        async with asyncio.timeout(1):
            await link.receive()
    except LinkClosedError:
        return True
    except TimeoutError:
        return False
    return False


async def returns(link: Link) -> None:
    return


async def raises_link_error(link: Link) -> None:
    raise LinkTimeoutError("the peer is silent")


async def raises_defect(link: Link) -> None:
    raise ZeroDivisionError


async def receives_until_the_end(link: Link) -> None:
    while True:
        await link.receive()


HANDLERS = [
    # handler                 reported
    (returns,                 []),
    (raises_link_error,       []),
    (raises_defect,           [ZeroDivisionError]),
]  # fmt: skip


@pytest.mark.parametrize(("handler", "reported"), HANDLERS)
def test_a_link_is_closed_when_its_handler_ends(
    handler: Callable[[Link], Awaitable[None]], reported: list[type[Exception]]
) -> None:
    async def scenario() -> None:
        contexts: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: contexts.append(context))
        handlers = HandlerTasks(handler, 2)
        served, peer = loopback_pair()
        handlers.start(served)
        assert len(handlers) == 1
        assert await is_closed(peer)
        await asyncio.sleep(0)
        assert len(handlers) == 0
        assert [type(context["exception"]) for context in contexts] == reported

    run_virtual(scenario())


def test_as_many_as_may_be_served_and_then_again() -> None:
    async def scenario() -> None:
        handlers = HandlerTasks(receives_until_the_end, 3)
        pairs = [loopback_pair() for _ in range(3)]
        for count, (served, _) in enumerate(pairs):
            assert (len(handlers), handlers.full) == (count, False)
            handlers.start(served)
        assert (len(handlers), handlers.full) == (3, True)
        await pairs[1][1].aclose()
        await asyncio.sleep(1)
        assert (len(handlers), handlers.full) == (2, False)
        handlers.start(loopback_pair()[0])
        assert handlers.full
        await handlers.aclose()

    run_virtual(scenario())


@pytest.mark.parametrize("passes", range(4))
def test_closing_closes_every_link_however_young(passes: int) -> None:
    """Also one whose handler was cancelled before its first step."""

    async def scenario() -> None:
        handlers = HandlerTasks(hold, 10)
        pairs = [loopback_pair() for _ in range(3)]
        for served, _ in pairs:
            handlers.start(served)
        for _ in range(passes):
            await asyncio.sleep(0)
        await handlers.aclose()
        assert len(handlers) == 0
        assert [await is_closed(peer) for _, peer in pairs] == [True, True, True]

    run_virtual(scenario())


def test_after_closing_there_is_no_room() -> None:
    async def scenario() -> None:
        handlers = HandlerTasks(hold, 10)
        assert not handlers.full
        await handlers.aclose()
        assert handlers.full
        await handlers.aclose()

    run_virtual(scenario())


def test_handlers_end_in_the_order_in_which_their_links_came() -> None:
    """A simulated run replays only if nothing depends on the order of a set."""

    async def scenario() -> None:
        ended: list[str] = []

        async def handler(link: Link) -> None:
            try:
                await hold(link)
            finally:
                ended.append(link.peer)

        handlers = HandlerTasks(handler, 100)
        for number in range(50):
            served, _ = loopback_pair()
            served.peer = f"peer:{number}"
            handlers.start(served)
        await asyncio.sleep(0)
        await handlers.aclose()
        assert ended == [f"peer:{number}" for number in range(50)]

    run_virtual(scenario())


def test_a_handler_may_finish_its_work_when_it_is_cancelled() -> None:
    async def scenario() -> None:
        async def says_goodbye(link: Link) -> None:
            try:
                await hold(link)
            finally:
                await link.send(b"bye")

        handlers = HandlerTasks(says_goodbye, 1)
        served, peer = loopback_pair()
        handlers.start(served)
        await asyncio.sleep(0)
        await handlers.aclose()
        assert await peer.receive() == b"bye"
        assert await is_closed(peer)

    run_virtual(scenario())


@pytest.mark.parametrize("passes", range(8))
@pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_connections_under_way_when_a_server_closes_are_closed_too(
    factory: Callable[[], asyncio.AbstractEventLoop], passes: int
) -> None:
    """The operating system accepts before we do: whatever step it comes at, no connection stays and no handler runs."""

    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        sockets = [socket.socket() for _ in range(4)]
        for one in sockets:
            one.setblocking(False)
            one.connect_ex((server.host, server.port))
        for _ in range(passes):
            await asyncio.sleep(0)
        await server.aclose()
        await asyncio.sleep(0.01)
        # asyncio forgets, open, a socket that it accepted and has no server for any more.
        gc.collect()
        await until(lambda: all(map(is_at_its_end, sockets)))
        assert server.connections == 0
        for one in sockets:
            one.close()

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: None)
        runner.run(scenario())


def is_at_its_end(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_datagrams_that_come_while_a_server_closes_start_nothing() -> None:
    async def scenario() -> None:
        started: list[str] = []

        async def slow_to_end(link: Link) -> None:
            started.append(link.peer)
            try:
                await hold(link)
            finally:
                await asyncio.sleep(0.05)

        server = await serve_udp("127.0.0.1", 0, slow_to_end)
        first, second = [await open_udp("127.0.0.1", server.port) for _ in range(2)]
        await first.send(b"?")
        await until(lambda: len(started) == 1)
        closing = asyncio.create_task(server.aclose())
        await asyncio.sleep(0.01)
        await second.send(b"too late")
        await closing
        assert (started, server.connections) == ([first.local], 0)
        await first.aclose()
        await second.aclose()

    asyncio.run(scenario())


def test_a_thousand_connections_come_and_go() -> None:
    async def scenario() -> None:
        handlers = HandlerTasks(echo, 2000)
        pairs = [loopback_pair() for _ in range(1000)]
        for served, _ in pairs:
            handlers.start(served)
        for number, (_, peer) in enumerate(pairs):
            await peer.send(number.to_bytes(2, "big"))
        answers = [int.from_bytes(await peer.receive(), "big") for _, peer in pairs]
        assert answers == list(range(1000))
        for _, peer in pairs[:600]:
            await peer.aclose()
        await asyncio.sleep(1)
        assert len(handlers) == 400
        await handlers.aclose()
        assert len(handlers) == 0

    run_virtual(scenario())
