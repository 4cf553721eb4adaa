"""More than there is room for: pushes faster than they are taken in, links that say nothing, and what is never dropped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ferraris.dlms import encode_wpdu
from ferraris.headend import (
    AlarmAcknowledged,
    CollectionRequested,
    CommandKind,
    Event,
    PushFault,
    PushReceived,
    PushRejected,
)
from ferraris.kernel.errors import LinkError
from ferraris.link import Link
from ferraris.store import CommandState
from tests.runtime.street import QUICK, Street
from tests.runtime.street import tell as tell_of
from tests.runtime.test_conversation import settled
from tests.runtime.test_push import forged, sender

SMALL = replace(QUICK, inbox_max=20, push_links_max=5, push_idle_timeout_s=30)
tell = partial(tell_of, settings=SMALL, listening=True)


BAD = PushRejected(None, PushFault.MALFORMED, "from somewhere")


@pytest.mark.parametrize("pushes", [19, 20, 21, 5_000])
def test_pushes_beyond_the_bound_are_dropped_counted_and_one_alarm(tmp_path: Path, pushes: int) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        runtime = street.runtime
        for _ in range(pushes):
            runtime.post(BAD)
        assert len(runtime._inbox) <= SMALL.inbox_max + 1, "and one that tells of the flood"
        assert runtime.pushes_dropped == max(0, pushes - SMALL.inbox_max)
        await asyncio.sleep(1)
        flooded = pushes > SMALL.inbox_max
        assert ((None, "push_flood") in street.alarm_kinds()) == flooded
        assert runtime.head_end.state.counts.pushes_rejected == min(pushes, SMALL.inbox_max) + flooded

    tell(tmp_path, story, meters=1)


def test_a_flood_pushes_aside_nothing_that_is_not_a_push(tmp_path: Path) -> None:
    """Commands, answers of meters and stores, acknowledgements: all of them find room, however full it is."""

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        runtime = street.runtime
        for _ in range(100):
            runtime.post(PushReceived(1, ()))
        others: list[Event] = [CollectionRequested(), AlarmAcknowledged(None, "push_flood"), CollectionRequested()]
        for event in others:
            runtime.post(event)
        command = runtime.post_command(1, CommandKind.DISCONNECT)
        assert list(runtime._inbox)[-4:-1] == others
        assert (await settled(street, command)).state is CommandState.CONFIRMED
        await street.live_until(3.4)
        assert street.stored_slots(1)[: 2 * 4] == street.slots(0, 2)

    tell(tmp_path, story, meters=1)


def test_room_is_there_again_after_a_step(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        for wave in range(1, 4):
            for _ in range(30):
                street.runtime.post(BAD)
            assert street.runtime.pushes_dropped == 10 * wave
            await asyncio.sleep(1)
        assert street.runtime.head_end.state.counts.pushes_rejected == 3 * 21

    tell(tmp_path, story, meters=1)


async def open_until_closed(link: Link) -> float:
    """How long, in seconds, until the other end closes it."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    try:
        while True:
            await link.receive()
    except LinkError:
        return loop.time() - begun_s


def test_links_that_say_nothing_give_their_places_up(tmp_path: Path) -> None:
    """Five silent links take all places; a sixth is closed at once and an alarm; after their time there is room again."""

    async def story(street: Street) -> None:
        await street.live_until(0.5)
        silent = [await sender(street) for _ in range(5)]
        await asyncio.sleep(1)
        assert street.runtime._push.links == 5
        assert await open_until_closed(await sender(street)) < 1
        await street.until(lambda: (None, "push_flood") in street.alarm_kinds(), 10)
        waited_s = [await open_until_closed(link) for link in silent]
        assert 25 <= waited_s[0] <= 31
        assert street.runtime._push.links == 0
        link = await sender(street)
        await asyncio.sleep(1)
        assert street.runtime._push.links == 1
        await link.aclose()

    tell(tmp_path, story, meters=1)


def test_a_link_that_sends_only_what_is_refused_is_closed_in_time(tmp_path: Path) -> None:
    """A forger who keeps a link busy keeps his place no longer than one who is silent."""

    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        ended = asyncio.create_task(open_until_closed(link))
        sent = 0
        while not ended.done() and sent < 100:
            await link.send(forged(street.service.devices[0].identity.system_title, sent))
            sent += 1
            await asyncio.sleep(1)
        assert ended.done()
        assert 25 <= sent <= 33
        assert street.runtime.head_end.state.counts.pushes_rejected >= 25

    tell(tmp_path, story, meters=1)


@pytest.mark.parametrize("octets_a_time", [1, 7])
def test_a_push_that_comes_in_crumbs_is_taken_like_any_other(tmp_path: Path, octets_a_time: int) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        whole = forged(b"XYZ\x00\x00\x00\x00\x01", 1) + encode_wpdu(1, 1, b"\x0f")
        for start in range(0, len(whole), octets_a_time):
            await link.send(whole[start : start + octets_a_time])
        await street.until(lambda: street.runtime.head_end.state.counts.pushes_rejected == 2, 20)
        await asyncio.sleep(1)
        assert street.alarm_kinds() == {(None, "push_from_unknown_meter"), (None, "push_malformed")}
        await link.aclose()

    tell(tmp_path, story, meters=1)
