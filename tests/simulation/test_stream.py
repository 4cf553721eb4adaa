"""Simulated streams: TCP's promises kept, and its failures as they are in the field."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError
from ferraris.link import Link, receive_within
from ferraris.simulation import Conditions, Network, run_virtual
from ferraris.simulation.stream import GIVE_UP_S, StreamEnd
from tests.simulation.bottle import COLLECTOR, EXACT, METER, PORT, echo, everything, network, now_s

TIMED_OUT = f"The peer acknowledged nothing for {GIVE_UP_S:g} s"
SILENCE = "within 1000 s"


def run_pair(
    scenario: Callable[[Network, Link, Link], Awaitable[None]], conditions: Conditions = EXACT, seed: int = 1
) -> None:
    """Run `scenario` with an open stream: the collector's end and the meter's."""

    async def main() -> None:
        world = network(seed)
        accepted: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

        async def handler(link: Link) -> None:
            accepted.set_result(link)
            await asyncio.Event().wait()

        await world.listen(METER, PORT, handler)
        collector = await world.connector(COLLECTOR)(METER, PORT)
        world.medium.conditions = conditions
        await scenario(world, collector, await accepted)

    run_virtual(main())


def test_a_segment_takes_one_latency() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        start_s = now_s()
        await collector.send(b"?")
        assert now_s() == start_s
        assert await meter.receive() == b"?"
        assert now_s() - start_s == pytest.approx(0.1)

    run_pair(scenario)


def test_segments_are_cut_at_any_octet() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        lengths = set()
        for _ in range(200):
            await collector.send(bytes(10))
            lengths.add(len(await meter.receive()))
        assert lengths >= set(range(1, 10))

    run_pair(scenario, Conditions(latency_min_ms=1, latency_max_ms=500, cutting=1.0))


def test_a_lost_segment_comes_later_and_the_others_wait_behind_it() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        start_s = now_s()
        world.medium.conditions = replace(EXACT, loss=1.0)
        await collector.send(b"first ")
        world.medium.conditions = EXACT
        await collector.send(b"second")
        assert await meter.receive() == b"first second"
        assert now_s() - start_s == pytest.approx(1.1)

    run_pair(scenario)


@pytest.mark.parametrize(
    ("partition_s", "delivered_after_s"),
    # attempts are 0, 1, 2, 4, 8, 16, 32, 64 s after the send
    [(0.5, 1.1), (3.0, 4.1), (20.0, 32.1), (60.0, 64.1)],
)
def test_a_partition_shorter_than_the_patience_of_a_stream_only_delays(
    partition_s: float, delivered_after_s: float
) -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        start_s = now_s()
        world.medium.cut("storm", [METER])
        await collector.send(b"patience")
        asyncio.get_running_loop().call_later(partition_s, world.medium.heal, "storm")
        assert await meter.receive() == b"patience"
        assert now_s() - start_s == pytest.approx(delivered_after_s)

    run_pair(scenario)


def test_a_long_partition_ends_the_sender_and_leaves_the_receiver_half_open() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        world.medium.cut("storm", [METER])
        await collector.send(b"nobody hears")
        _, reason = await everything(collector)
        assert reason == TIMED_OUT
        assert now_s() <= GIVE_UP_S + 1
        with pytest.raises(LinkClosedError):
            await collector.send(b"more")
        world.medium.heal("storm")
        octets, reason = await everything(meter)
        assert (octets, reason.endswith(SILENCE)) == (b"", True)
        await meter.send(b"hello?")
        assert (await everything(meter))[1] == TIMED_OUT

    run_pair(scenario)


def test_half_open_from_one_segment_on() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        await collector.send(b"heard")
        assert await meter.receive() == b"heard"
        world.medium.conditions = replace(EXACT, half_open=1.0)
        await collector.send(b"lost")
        world.medium.conditions = EXACT
        with pytest.raises(LinkTimeoutError):
            await receive_within(meter, 1000)
        assert (await everything(collector))[1] == TIMED_OUT

    run_pair(scenario)


def test_a_reset_at_any_octet_ends_both_ends_after_a_prefix() -> None:
    kept = set()

    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        await collector.send(b"0123456789")
        assert (await everything(collector))[1] == "The connection was reset"
        octets, reason = await everything(meter)
        assert reason == "The connection was reset"
        assert b"0123456789".startswith(octets)
        kept.add(len(octets))
        with pytest.raises(LinkClosedError):
            await collector.send(b"more")

    for seed in range(60):
        run_pair(scenario, replace(EXACT, reset=1.0), seed)
    assert kept >= {0, 1, 5, 9}
    assert 10 not in kept


def test_what_is_not_taken_is_counted() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        await collector.send(bytes(100))
        await collector.send(bytes(50))
        await asyncio.sleep(1)
        assert world.octets_outstanding == 150
        await meter.receive()
        assert world.octets_outstanding == 0
        await collector.send(bytes(70))
        await meter.aclose()
        await asyncio.sleep(1)
        assert world.octets_outstanding == 0

    run_pair(scenario)


def test_a_receiver_that_leaves_frees_the_sender() -> None:
    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        sending = asyncio.create_task(collector.send(bytes(1_000_000)))
        await asyncio.sleep(1)
        assert not sending.done()
        await meter.aclose()
        async with asyncio.timeout(1):
            await asyncio.wait([sending])
        assert (await everything(collector))[1] == "The peer closed the link"

    run_pair(scenario)


@given(
    seed=st.integers(0, 2**32),
    chunks=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=10),
    conditions=st.builds(
        Conditions,
        latency_min_ms=st.just(1),
        latency_max_ms=st.integers(1, 3000),
        loss=st.sampled_from([0.0, 0.2, 0.6]),
        cutting=st.sampled_from([0.0, 1.0]),
        reset=st.sampled_from([0.0, 0.2]),
        half_open=st.sampled_from([0.0, 0.2]),
    ),
)
def test_whatever_the_conditions_a_stream_delivers_a_prefix_of_what_was_sent(
    seed: int, chunks: list[bytes], conditions: Conditions
) -> None:
    sent = b"".join(chunks)

    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        async def send_all() -> None:
            for chunk in chunks:
                await collector.send(chunk)

        sending = asyncio.create_task(send_all())
        octets, _ = await everything(meter)
        await asyncio.wait([sending])
        assert sent.startswith(octets)
        if not (conditions.reset or conditions.half_open or conditions.loss):
            assert octets == sent

    run_pair(scenario, conditions, seed)


def test_the_same_seed_gives_the_same_log() -> None:
    def digest(seed: int) -> str:
        async def scenario() -> str:
            world = network(seed, Conditions(loss=0.1, reset=0.02, half_open=0.01, cutting=0.5))
            await world.listen(METER, PORT, echo)
            for number in range(30):
                try:
                    link = await world.connector(COLLECTOR)(METER, PORT)
                    await link.send(bytes([number] * 20))
                    await receive_within(link, 30)
                    await link.aclose()
                except (LinkClosedError, LinkTimeoutError) as error:
                    world.medium.log.record("failed", "collector", why=error.summary)
            assert world.medium.log.count > 100
            return world.medium.log.digest

        return run_virtual(scenario())

    assert digest(7) == digest(7)
    assert digest(7) != digest(8)


# Both directions at once, and whatever is done to them


@dataclass
class Side:
    """One end, and what its program has sent, taken and been told."""

    link: StreamEnd
    sent: bytearray = field(default_factory=bytearray)
    taken: bytearray = field(default_factory=bytearray)
    ended: str = ""
    closed: bool = False

    async def send(self, octets: bytes) -> None:
        try:
            await self.link.send(octets)
        except LinkClosedError as error:
            self.ended = self.ended or error.summary
        else:
            self.sent += octets

    async def take(self, patience_s: float) -> None:
        try:
            self.taken += await receive_within(self.link, patience_s)
        except LinkTimeoutError:
            pass
        except LinkClosedError as error:
            self.ended = self.ended or error.summary


STEPS = st.one_of(
    st.tuples(st.sampled_from(["send", "send back"]), st.binary(min_size=1, max_size=30)),
    st.tuples(st.sampled_from(["take", "take back", "pass"]), st.sampled_from([0.05, 1.0, 60.0])),
    st.tuples(st.sampled_from(["cut", "heal", "close", "close back"]), st.none()),
)


async def step_of(world: Network, sides: tuple[Side, Side], what: str, argument: object) -> None:
    near, far = sides if not what.endswith("back") else sides[::-1]
    match what.removesuffix(" back"), argument:
        case "send", bytes(octets):
            await near.send(octets)
        case "take", float(seconds):
            await near.take(seconds)
        case "pass", float(seconds):
            await asyncio.sleep(seconds)
        case "cut", _:
            world.medium.cut("storm", [METER])
        case "heal", _:
            world.medium.heal("storm")
        case "close", _:
            near.closed = True
            await near.link.aclose()
    assert bytes(far.sent).startswith(near.taken), "what is taken was sent, in order and once"
    assert bytes(near.sent).startswith(far.taken)


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=25), st.integers(0, 2**32), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 1.0]))
def test_both_directions_keep_their_order_through_partitions_and_closing(
    steps: list[tuple[str, object]], seed: int, loss: float, cutting: float
) -> None:
    """Short partitions delay; in the end all has come, unless an end was closed or has given the other up."""

    async def scenario(world: Network, collector: Link, meter: Link) -> None:
        assert isinstance(collector, StreamEnd)
        assert isinstance(meter, StreamEnd)
        sides = near, far = Side(collector), Side(meter)
        for what, argument in steps:
            await step_of(world, sides, what, argument)
        world.medium.calm()
        for one, other in ((near, far), (far, near)):
            if not one.closed:
                octets, why = await everything(one.link)
                one.taken += octets
                one.ended = one.ended or why
            assert bytes(other.sent).startswith(one.taken)
        for one, other in ((near, far), (far, near)):
            broken = {near.ended, far.ended} & {TIMED_OUT, "The connection was reset"}
            if not (one.closed or broken):
                assert one.taken == other.sent, "also what was sent before the other end was closed"
            if not (one.closed or other.closed or broken):
                assert one.link.outstanding == other.link.outstanding == 0

    run_pair(scenario, replace(EXACT, loss=loss, cutting=cutting), seed)
