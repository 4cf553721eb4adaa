"""Every adapter and every middleware of the link package passes the shared conformance tests."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import uvloop

from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkTimeoutError
from ferraris.link import (
    CaptureLink,
    FaultLink,
    FaultPlan,
    JsonLinesCapture,
    Link,
    Middleware,
    PcapCapture,
    Rfc2217Link,
    ThrottleLink,
    loopback_pair,
    open_tcp,
    open_udp,
    serve_tcp,
    serve_udp,
)
from ferraris.simulation import Conditions, EventLog, Medium, Network, VirtualLoop
from tests.link.conformance import LinkConformance, Pair, connected


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@asynccontextmanager
async def wrapped(left: Link, right: Link) -> AsyncIterator[Pair]:
    try:
        yield left, right
    finally:
        await left.aclose()
        await right.aclose()


class TestTcp(LinkConformance):
    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return connected(open_tcp, serve_tcp, "127.0.0.1")


class TestTcpUvloop(TestTcp):
    loop_factory = uvloop.new_event_loop


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
class TestTcpOverIpv6(LinkConformance):
    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return connected(open_tcp, serve_tcp, "::1")


class TestUdp(LinkConformance):
    tells_end = False

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return connected(open_udp, serve_udp, "127.0.0.1")


class TestUdpUvloop(TestUdp):
    loop_factory = uvloop.new_event_loop


class TestRfc2217(LinkConformance):
    """The telnet stream; what it says to a serial server is tested with one."""

    @asynccontextmanager
    async def pair(self) -> AsyncIterator[Pair]:  # type: ignore[override]
        async with connected(open_tcp, serve_tcp, "127.0.0.1") as (left, right):
            yield Rfc2217Link(left), Rfc2217Link(right)


class TestLoopback(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return wrapped(*loopback_pair())


class TestLoopbackDatagrams(LinkConformance):
    def pair(self) -> AbstractAsyncContextManager[Pair]:
        return wrapped(*loopback_pair(datagrams=True))


class TestMiddleware(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        left, right = loopback_pair()
        return wrapped(Middleware(left), Middleware(right))


class TestFaultLinkWithoutFaults(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        left, right = loopback_pair()
        entropy = SeededEntropy(1)
        return wrapped(FaultLink(left, FaultPlan(), entropy), FaultLink(right, FaultPlan(), entropy))


class TestFaultLinkThatDelays(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        left, right = loopback_pair()
        return wrapped(FaultLink(left, FaultPlan(delay_max_ms=1), SeededEntropy(1)), right)


class TestThrottleLink(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        left, right = loopback_pair()
        return wrapped(ThrottleLink(left, 1e9), right)


class TestCaptureLink(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        left, right = loopback_pair()
        clock = ManualClock()
        return wrapped(
            CaptureLink(left, JsonLinesCapture(io.StringIO(), clock)),
            CaptureLink(right, PcapCapture(io.BytesIO(), clock)),
        )


def test_the_conformance_tests_find_a_link_that_loses_octets() -> None:
    """A link that forgets what a cancelled receive had taken must not pass."""

    class Forgetful(Middleware):
        async def receive(self) -> bytes:
            octets = await self._link.receive()
            await asyncio.sleep(0)
            return octets

    class Conformance(LinkConformance):
        loop_factory = VirtualLoop

        def pair(self) -> AbstractAsyncContextManager[Pair]:
            left, right = loopback_pair()
            return wrapped(left, Forgetful(right))

    with pytest.raises(LinkTimeoutError):
        Conformance().test_a_cancelled_receive_loses_nothing()


def test_the_conformance_tests_find_a_link_that_never_makes_a_sender_wait() -> None:
    """A link that swallows whatever is sent must not pass."""

    class Bottomless(Middleware):
        def __init__(self, link: Link) -> None:
            super().__init__(link)
            self.sends: list[asyncio.Task[None]] = []

        async def send(self, octets: bytes) -> None:
            self.sends.append(asyncio.create_task(self._link.send(octets)))

    class Conformance(LinkConformance):
        loop_factory = VirtualLoop

        def pair(self) -> AbstractAsyncContextManager[Pair]:
            left, right = loopback_pair()
            return wrapped(Bottomless(left), right)

    with pytest.raises(AssertionError, match="without bound"):
        Conformance().test_a_sender_waits_for_a_receiver_that_lags()


def simulated_network() -> Network:
    log = EventLog(ManualClock())
    return Network(Medium(SeededEntropy("conformance"), log))


class TestSimulatedStream(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        network = simulated_network()
        return connected(network.connector("10.0.0.1"), network.listen, "127.20.0.1")


class TestSimulatedStreamThatLosesSegments(LinkConformance):
    loop_factory = VirtualLoop

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        network = simulated_network()
        network.medium.conditions = Conditions(loss=0.1, cutting=0.8)
        return connected(network.connector("10.0.0.1"), network.listen, "127.20.0.1")


class TestSimulatedDatagrams(LinkConformance):
    loop_factory = VirtualLoop
    tells_end = False

    def pair(self) -> AbstractAsyncContextManager[Pair]:
        network = simulated_network()
        network.medium.conditions = Conditions(latency_min_ms=5, latency_max_ms=5)  # none overtakes another
        return connected(network.datagram_connector("10.0.0.1"), network.listen_datagrams, "127.20.0.1")
