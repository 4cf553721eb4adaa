"""TCP: addresses that do not answer, bounded memory and connections, handlers that fail."""

from __future__ import annotations

import asyncio
import gc
import resource
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from ferraris.kernel.errors import LinkClosedError, LinkError, LinkTimeoutError, LinkUnreachableError
from ferraris.kernel.limits import LINK_RECEIVE_OCTETS_MAX
from ferraris.link import Link, TcpLink, open_tcp, receive_within, serve_tcp
from tests.link.conformance import receive_octets, until

READ_OCTETS_MAX = 256 * 1024
"""What asyncio and uvloop read from a socket at once."""


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    def run_in_loop(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(main)

    return run_in_loop


async def echo(link: Link) -> None:
    while True:
        await link.send(await link.receive())


async def hold(link: Link) -> None:
    await asyncio.Event().wait()


def test_nagle_is_off_at_both_ends(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        options = []

        def nodelay(link: TcpLink) -> int:
            return link._transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

        async def handler(link: Link) -> None:
            assert isinstance(link, TcpLink)
            options.append(nodelay(link))

        server = await serve_tcp("127.0.0.1", 0, handler)
        link = await open_tcp("127.0.0.1", server.port)
        options.append(nodelay(link))
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        await link.aclose()
        await server.aclose()
        assert len(options) == 2
        assert all(options)

    run(scenario())


def test_a_port_where_nobody_listens(run: Callable[..., Any]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(LinkUnreachableError, match=rf"No connection to 127\.0\.0\.1:{port}: .*refused"):
            run(open_tcp("127.0.0.1", port))


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("meter.invalid", 4059, "meter.invalid:4059"),
        ("a..b", 4059, "a..b:4059"),
        ("x" * 70 + ".example", 4059, ":4059"),
        ("h\0", 4059, "h\0:4059"),
        ("\ud800", 4059, ":4059"),
        ("meter.example", -1, "meter.example:-1"),
        ("127.0.0.1", 70_000, "127.0.0.1:70000"),
        ("::1%nowhere", 4059, "[::1%nowhere]:4059"),
    ],
)
def test_an_address_that_is_none(host: str, port: int, text: str) -> None:
    with pytest.raises(LinkUnreachableError) as caught:
        asyncio.run(open_tcp(host, port))
    assert text in str(caught.value)


def test_connecting_takes_no_longer_than_its_timeout(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        with pytest.raises(LinkTimeoutError, match=f"No connection to 127.0.0.1:{server.port} within 0 s"):
            await open_tcp("127.0.0.1", server.port, timeout_s=0)
        await server.aclose()

    run(scenario())


def test_the_time_for_connecting_ends_with_the_connection(run: Callable[..., Any]) -> None:
    """Neither the wait for the peer nor anything else that the same task does is cut off by it."""

    async def scenario() -> int:
        async def later(link: Link) -> None:
            await asyncio.sleep(0.08)
            await link.send(b"late")

        server = await serve_tcp("127.0.0.1", 0, later)
        link = await open_tcp("127.0.0.1", server.port, timeout_s=0.05)
        assert await link.receive() == b"late"
        with pytest.raises(LinkTimeoutError):
            await open_tcp("127.0.0.1", server.port, timeout_s=0)
        await asyncio.sleep(0.01)
        await link.aclose()
        await server.aclose()
        current = asyncio.current_task()
        assert current is not None
        return current.cancelling()

    assert run(scenario()) == 0


def test_an_address_already_taken_cannot_be_listened_on(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        with pytest.raises(LinkUnreachableError, match=f"Cannot listen on 127.0.0.1:{server.port}"):
            await serve_tcp("127.0.0.1", server.port, hold)
        await server.aclose()

    run(scenario())


def test_a_link_can_come_from_an_address_of_its_own(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        peers = []

        async def handler(link: Link) -> None:
            peers.append(link.peer)

        server = await serve_tcp("127.20.0.1", 0, handler)
        link = await open_tcp("127.20.0.1", server.port, local_host="127.20.0.9")
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        assert peers == [link.local]
        assert link.local.startswith("127.20.0.9:")
        await link.aclose()
        await server.aclose()

    run(scenario())


def test_what_a_slow_receiver_has_not_taken_is_bounded(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            accepted.set_result(link)
            await hold(link)

        server = await serve_tcp("127.0.0.1", 0, handler)
        sender = await open_tcp("127.0.0.1", server.port)
        slow = await accepted
        assert isinstance(slow, TcpLink)
        sending = asyncio.create_task(sender.send(bytes(16 * 1024 * 1024)))
        highest = 0
        for _ in range(500):
            await asyncio.sleep(0)
            highest = max(highest, slow._inbox.octets)
        assert LINK_RECEIVE_OCTETS_MAX <= highest <= LINK_RECEIVE_OCTETS_MAX + READ_OCTETS_MAX
        sending.cancel()
        await server.aclose()
        await sender.aclose()

    run(scenario())


def test_one_connection_too_many_is_closed_at_once(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, echo, connections_max=2)
        links = [await open_tcp("127.0.0.1", server.port) for _ in range(2)]
        for link in links:
            await link.send(b"\x01")
            assert await receive_within(link, 20) == b"\x01"
        refused = await open_tcp("127.0.0.1", server.port)
        with pytest.raises(LinkClosedError):
            await receive_within(refused, 20)
        assert server.connections == 2

        await links[0].aclose()
        await until(lambda: server.connections == 1)
        welcome = await open_tcp("127.0.0.1", server.port)
        await welcome.send(b"\x02")
        assert await receive_within(welcome, 20) == b"\x02"
        for link in (*links, refused, welcome):
            await link.aclose()
        await server.aclose()

    run(scenario())


def test_a_handler_that_fails_is_reported_and_its_link_closed(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

        async def handler(link: Link) -> None:
            raise ZeroDivisionError

        server = await serve_tcp("127.0.0.1", 0, handler)
        link = await open_tcp("127.0.0.1", server.port)
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        await link.aclose()
        await server.aclose()
        assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]

    run(scenario())


def test_a_peer_that_goes_away_is_no_failure_of_the_handler(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        reported: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        server = await serve_tcp("127.0.0.1", 0, echo)
        link = await open_tcp("127.0.0.1", server.port)
        await link.send(b"\x01")
        await receive_within(link, 20)
        await link.aclose()
        await until(lambda: server.connections == 0)
        await server.aclose()
        assert reported == []

    run(scenario())


def test_closing_a_server_closes_its_links_and_frees_its_port(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        link = await open_tcp("127.0.0.1", server.port)
        await until(lambda: server.connections == 1)
        await server.aclose()
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        await link.aclose()
        with pytest.raises(LinkUnreachableError):
            await open_tcp("127.0.0.1", server.port)

    run(scenario())


def test_a_reset_is_a_link_closed(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        async def handler(link: Link) -> None:
            assert isinstance(link, TcpLink)
            await link.receive()
            link._transport.abort()

        server = await serve_tcp("127.0.0.1", 0, handler)
        link = await open_tcp("127.0.0.1", server.port)
        await link.send(b"\x01")
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        await link.aclose()
        await server.aclose()

    run(scenario())


def test_closing_does_not_wait_for_a_peer_that_never_reads(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferraris.link.stream.LINK_CLOSE_TIMEOUT_S", 0.01)

    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        link = await open_tcp("127.0.0.1", server.port)
        sending = asyncio.create_task(link.send(bytes(16 * 1024 * 1024)))
        for _ in range(100):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await link.aclose()
        with pytest.raises(LinkError):
            await sending
        await server.aclose()

    run(scenario())


def test_thousands_of_connections_are_served_at_once(run: Callable[..., Any]) -> None:
    """As many as a collector opens to its meters in one round; the bound here is the test machine's file descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(1500, (soft - 200) // 2)

    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, echo)
        links: list[TcpLink] = []
        for _ in range(0, count, 100):
            links += await asyncio.gather(*[open_tcp("127.0.0.1", server.port) for _ in range(100)])
        await until(lambda: server.connections == len(links))
        for number, link in enumerate(links):
            await link.send(number.to_bytes(2, "big"))
        answers = [await receive_octets(link, 2) for link in links]
        assert answers == [number.to_bytes(2, "big") for number in range(len(links))]
        await asyncio.gather(*[link.aclose() for link in links])
        await until(lambda: server.connections == 0)
        await server.aclose()

    run(scenario())


def test_a_slow_receiver_gets_every_octet_in_the_end(run: Callable[..., Any]) -> None:
    """Reading is paused and resumed many times on the way."""
    count = 4 * 1024 * 1024

    async def scenario() -> None:
        pattern = bytes(range(251)) * (count // 251 + 1)

        async def handler(link: Link) -> None:
            for start in range(0, count, 100_000):
                await link.send(pattern[start : min(count, start + 100_000)])

        server = await serve_tcp("127.0.0.1", 0, handler)
        link = await open_tcp("127.0.0.1", server.port)
        received = bytearray()
        pauses = 0
        while len(received) < count:
            await asyncio.sleep(0.001)
            pauses += link._reading_paused
            received += await receive_within(link, 20)
        assert bytes(received) == pattern[:count]
        assert pauses > 3
        with pytest.raises(LinkClosedError):
            await receive_within(link, 20)
        await link.aclose()
        await server.aclose()

    run(scenario())


def test_what_came_before_a_reset_can_be_taken_though_reading_was_paused(run: Callable[..., Any]) -> None:
    async def scenario() -> None:
        accepted: asyncio.Future[TcpLink] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            assert isinstance(link, TcpLink)
            accepted.set_result(link)
            await hold(link)

        server = await serve_tcp("127.0.0.1", 0, handler)
        sender = await open_tcp("127.0.0.1", server.port)
        slow = await accepted
        sending = asyncio.create_task(sender.send(bytes(8 * 1024 * 1024)))
        await until(lambda: slow._reading_paused)
        sender._transport.abort()
        with pytest.raises(LinkClosedError):
            await sending
        slow._transport.abort()
        await until(lambda: slow._inbox.ended)
        assert len(await slow.receive()) >= LINK_RECEIVE_OCTETS_MAX
        with pytest.raises(LinkClosedError):
            await slow.receive()
        await server.aclose()
        await sender.aclose()

    run(scenario())


@pytest.mark.parametrize("passes", range(6))
def test_opening_may_be_cancelled_at_any_step(run: Callable[..., Any], passes: int) -> None:
    """No socket is left open: the server sees each one it accepted come to its end."""

    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, echo)
        opening = asyncio.create_task(open_tcp("127.0.0.1", server.port))
        for _ in range(passes):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled():
            await opening.result().aclose()
        del opening
        gc.collect()
        await asyncio.sleep(0.01)
        await until(lambda: server.connections == 0)
        await server.aclose()

    run(scenario())


@pytest.mark.parametrize("passes", range(5))
def test_closing_may_be_cancelled_at_any_step(
    run: Callable[..., Any], passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferraris.link.stream.LINK_CLOSE_TIMEOUT_S", 0.01)

    async def scenario() -> None:
        server = await serve_tcp("127.0.0.1", 0, hold)
        link = await open_tcp("127.0.0.1", server.port)
        sending = asyncio.create_task(link.send(bytes(8 * 1024 * 1024)))
        await asyncio.sleep(0)
        closing = asyncio.create_task(link.aclose())
        for _ in range(passes):
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        await link.aclose()
        with pytest.raises(LinkClosedError):
            await sending
        with pytest.raises(LinkClosedError):
            await link.receive()
        await server.aclose()

    run(scenario())


@pytest.mark.parametrize("passes", range(6))
def test_a_send_cancelled_while_it_waits_leaves_the_link_whole(run: Callable[..., Any], passes: int) -> None:
    """What was handed over is sent in any case: the peer gets whole chunks in order, then the next one."""

    async def scenario() -> None:
        accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            accepted.set_result(link)
            await hold(link)

        server = await serve_tcp("127.0.0.1", 0, handler)
        link = await open_tcp("127.0.0.1", server.port)
        peer = await accepted
        sending = asyncio.create_task(link.send(b"a" * 3_000_000))
        await asyncio.sleep(0)
        for _ in range(passes):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait([sending])
        following = asyncio.create_task(link.send(b"b" * 10))
        assert await receive_octets(peer, 3_000_010) == b"a" * 3_000_000 + b"b" * 10
        await following
        await link.aclose()
        await server.aclose()

    run(scenario())
