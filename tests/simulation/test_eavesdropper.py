"""Somebody without a key repeats what was said: to the same address, piece by piece, sometimes with an octet changed."""

from __future__ import annotations

import asyncio

from ferraris.kernel.entropy import SeededEntropy
from ferraris.link import Link
from ferraris.simulation import run_virtual
from ferraris.simulation.eavesdropper import CONVERSATIONS_KEPT, HOST, IDLE_LINKS, PIECES_MAX, Eavesdropper
from tests.simulation.bottle import COLLECTOR, METER, PORT, everything, network

SAID = [b"one", b"two", b"three"]


def hear(eavesdropper: Eavesdropper, pieces: list[bytes], port: int = 50_000) -> None:
    for piece in pieces:
        eavesdropper.heard(f"{COLLECTOR}:{port}", f"{METER}:{PORT}", piece)


def replayed(seed: int, pieces: list[bytes]) -> list[bytes]:
    """What the meter's address hears over streams."""

    async def story() -> list[bytes]:
        net = network()
        heard: list[bytes] = []

        async def listen(link: Link) -> None:
            octets, _ = await everything(link)
            heard.append(octets)

        await net.listen(METER, PORT, listen)
        eavesdropper = Eavesdropper(net, net.medium.log)
        hear(eavesdropper, pieces)
        await eavesdropper.replay(METER, PORT, SeededEntropy(seed))
        await asyncio.sleep(5)
        assert net.links_open == 0
        return heard

    return run_virtual(story())


def test_what_was_said_is_said_again_and_links_are_held_for_nothing() -> None:
    outcomes = [replayed(seed, SAID) for seed in range(8)]
    assert [b"onetwothree", *[b""] * IDLE_LINKS] in outcomes
    for streams in outcomes:
        assert len(streams) == 1 + IDLE_LINKS
        differing = sum(one != other for one, other in zip(streams[0], b"onetwothree", strict=True))
        assert differing <= 1
    assert any(streams[0] != b"onetwothree" for streams in outcomes)


def test_where_nothing_was_said_nothing_is_repeated() -> None:
    assert replayed(1, []) == []


def test_it_does_not_listen_to_itself_and_remembers_little() -> None:
    async def story() -> None:
        net = network()
        eavesdropper = Eavesdropper(net, net.medium.log)
        eavesdropper.heard(f"{HOST}:1", f"{METER}:{PORT}", b"mine")
        assert eavesdropper._heard == {}
        for port in range(CONVERSATIONS_KEPT + 3):
            hear(eavesdropper, [b"x"] * (PIECES_MAX + 3), port)
        (conversations,) = eavesdropper._heard.values()
        assert [len(pieces) for _, pieces in conversations] == [PIECES_MAX] * CONVERSATIONS_KEPT

    run_virtual(story())


def test_a_host_that_does_not_answer_is_left_alone() -> None:
    async def story() -> None:
        net = network()
        eavesdropper = Eavesdropper(net, net.medium.log)
        hear(eavesdropper, SAID)
        net.medium.cut("away", [METER])
        await eavesdropper.replay(METER, PORT, SeededEntropy(1))
        assert net.links_open == 0

    run_virtual(story())
