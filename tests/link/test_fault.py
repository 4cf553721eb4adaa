"""Faults on streams and on datagram links: each one does what it says, and replays from its seed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkClosedError, LinkTimeoutError
from ferraris.link import FaultLink, FaultPlan, Link, loopback_pair, receive_within
from ferraris.simulation import VirtualLoop, run_virtual

ALWAYS = 1.0


def faulty_pair(plan: FaultPlan, *, datagrams: bool = False, seed: int = 1) -> tuple[FaultLink, Link]:
    left, right = loopback_pair(datagrams=datagrams)
    return FaultLink(left, plan, SeededEntropy(seed)), right


async def everything(link: Link) -> list[bytes]:
    """All chunks until there is silence or the end."""
    chunks = []
    while True:
        try:
            chunks.append(await receive_within(link, 5))
        except (LinkTimeoutError, LinkClosedError) as error:
            return [*chunks, type(error).__name__.encode()]


SENT = [b"one", b"two", b"three"]
SILENCE, CLOSED = b"LinkTimeoutError", b"LinkClosedError"


@pytest.mark.parametrize(
    ("fault", "datagrams", "arrives"),
    [
        # fault                          datagrams  what arrives of SENT
        (FaultPlan(),                        True,  [*SENT, SILENCE]),
        (FaultPlan(loss=ALWAYS),             True,  [SILENCE]),
        (FaultPlan(duplication=ALWAYS),      True,  [b"one", b"one", b"two", b"two", b"three", b"three", SILENCE]),
        (FaultPlan(reordering=ALWAYS),       True,  [b"two", b"one", SILENCE]),
        (FaultPlan(half_open=ALWAYS),        True,  [SILENCE]),
        (FaultPlan(duplication=ALWAYS),      False, [b"onetwothree", SILENCE]),
        (FaultPlan(reordering=ALWAYS),       False, [b"onetwothree", SILENCE]),
        (FaultPlan(half_open=ALWAYS),        False, [SILENCE]),
    ],
)  # fmt: skip
def test_what_arrives(fault: FaultPlan, datagrams: bool, arrives: list[bytes]) -> None:
    async def scenario() -> None:
        faulty, plain = faulty_pair(fault, datagrams=datagrams)
        for chunk in SENT:
            await faulty.send(chunk)
        assert await everything(plain) == arrives

    run_virtual(scenario())


@pytest.mark.parametrize("towards_the_faulty_end", [False, True])
def test_a_stream_that_loses_a_chunk_goes_silent_or_ends(towards_the_faulty_end: bool) -> None:
    async def ending(seed: int) -> bytes:
        faulty, plain = faulty_pair(FaultPlan(loss=ALWAYS), seed=seed)
        sender, receiver = (plain, faulty) if towards_the_faulty_end else (faulty, plain)
        await sender.send(b"lost")
        return b"".join(await everything(receiver))

    assert {run_virtual(ending(seed)) for seed in range(20)} == {SILENCE, CLOSED}


def test_a_cut_stream_delivers_a_beginning_and_then_no_more() -> None:
    async def remains(seed: int) -> tuple[bytes, bytes]:
        faulty, plain = faulty_pair(FaultPlan(truncation=ALWAYS), seed=seed)
        await faulty.send(b"a long block")
        *chunks, end = await everything(plain)
        return b"".join(chunks), end

    outcomes = [run_virtual(remains(seed)) for seed in range(40)]
    assert all(b"a long block".startswith(octets) and len(octets) < 12 for octets, _ in outcomes)
    assert {end for _, end in outcomes} == {SILENCE, CLOSED}
    assert len({octets for octets, _ in outcomes}) > 5


def test_a_cut_datagram_is_shorter_and_the_next_one_is_not_concerned() -> None:
    async def scenario() -> list[bytes]:
        faulty, plain = faulty_pair(FaultPlan(truncation=0.5), datagrams=True, seed=3)
        for _ in range(40):
            await faulty.send(b"datagram")
        return (await everything(plain))[:-1]

    chunks = run_virtual(scenario())
    assert chunks.count(b"datagram") > 10
    assert all(b"datagram".startswith(chunk) for chunk in chunks)
    assert {len(chunk) for chunk in chunks} >= {1, 4, 7, 8}


def test_a_flipped_bit_is_one_bit() -> None:
    async def scenario() -> list[bytes]:
        faulty, plain = faulty_pair(FaultPlan(bit_flip=ALWAYS), datagrams=True)
        for _ in range(50):
            await faulty.send(bytes(4))
        return (await everything(plain))[:-1]

    flipped = [int.from_bytes(chunk, "big").bit_count() for chunk in run_virtual(scenario())]
    assert flipped == [1] * 50


def test_faults_concern_both_directions_and_are_counted() -> None:
    async def scenario() -> None:
        faulty, plain = faulty_pair(FaultPlan(duplication=ALWAYS), datagrams=True)
        await plain.send(b"in")
        assert [await faulty.receive(), await faulty.receive()] == [b"in", b"in"]
        await faulty.send(b"out")
        assert [await plain.receive(), await plain.receive()] == [b"out", b"out"]
        assert faulty.faults == {"duplication": 2}

    run_virtual(scenario())


def test_delay_is_within_its_range() -> None:
    async def scenario() -> list[float]:
        faulty, plain = faulty_pair(FaultPlan(delay_min_ms=200, delay_max_ms=400))
        loop = asyncio.get_running_loop()
        delays = []
        for _ in range(30):
            start = loop.time()
            await plain.send(b"?")
            await faulty.receive()
            delays.append(loop.time() - start)
        return delays

    delays = run_virtual(scenario())
    assert 0.2 <= min(delays) < 0.25
    assert 0.35 < max(delays) <= 0.4


def test_a_half_open_link_swallows_sends_and_does_not_hear_the_end() -> None:
    async def scenario() -> None:
        faulty, plain = faulty_pair(FaultPlan())
        receiving = asyncio.create_task(faulty.receive())
        await asyncio.sleep(0)
        faulty.go_half_open()
        await plain.send(b"unheard")
        await faulty.send(b"vanishes")
        with pytest.raises(LinkTimeoutError):
            await receive_within(plain, 100)
        await plain.aclose()
        await asyncio.sleep(100)
        assert not receiving.done()
        await faulty.aclose()
        with pytest.raises(LinkClosedError):
            await receiving

    run_virtual(scenario())


def test_a_broken_stream_refuses_to_send() -> None:
    async def scenario(seed: int) -> str:
        faulty, _ = faulty_pair(FaultPlan(loss=ALWAYS), seed=seed)
        await faulty.send(b"lost")
        try:
            await faulty.send(b"more")
        except LinkClosedError as error:
            return error.summary
        return "vanished"

    assert {run_virtual(scenario(seed)) for seed in range(20)} == {"The path failed", "vanished"}


def transcript(seed: int) -> list[bytes]:
    async def scenario() -> list[bytes]:
        plan = FaultPlan(loss=0.1, duplication=0.2, reordering=0.2, truncation=0.1, bit_flip=0.1, delay_max_ms=50)
        faulty, plain = faulty_pair(plan, datagrams=True, seed=seed)
        for number in range(60):
            await faulty.send(bytes([number] * 8))
        return await everything(plain)

    return run_virtual(scenario(), VirtualLoop())


def test_the_same_seed_gives_the_same_faults() -> None:
    assert transcript(7) == transcript(7)
    assert transcript(7) != transcript(8)


@pytest.mark.parametrize("cancel", [lambda task: task.cancel(), lambda task: None], ids=["cancelled", "left alone"])
def test_a_receive_cancelled_during_a_delay_loses_nothing(cancel: Callable[[asyncio.Task[bytes]], object]) -> None:
    async def scenario() -> None:
        faulty, plain = faulty_pair(FaultPlan(delay_min_ms=1000, delay_max_ms=1000))
        await plain.send(b"slow")
        receiving = asyncio.create_task(faulty.receive())
        await asyncio.sleep(0.5)
        cancel(receiving)
        await asyncio.wait([receiving])
        octets = await faulty.receive() if receiving.cancelled() else receiving.result()
        assert octets == b"slow"
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)

    run_virtual(scenario())
