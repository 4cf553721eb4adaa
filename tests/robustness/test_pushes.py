"""Pushes as strangers make them: floods, thousands of links, octets that drip. The meters' own still come through."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ferraris.dlms import CipherKeys, encode_wpdu, protect_push
from ferraris.dlms.apdu import DataNotification
from ferraris.headend import PushFault
from ferraris.kernel.errors import LinkError
from ferraris.link import Link
from tests.robustness.hostile import HostileStreet, tell
from tests.runtime.street import COLLECTOR, PUSH_PORT, QUICK


class Counter:
    def __init__(self, first: int) -> None:
        self.next = first

    def take(self) -> int:
        self.next += 1
        return self.next


def push(street: HostileStreet, index: int, counter: int, key: bytes | None = None) -> bytes:
    """A push of that meter, as it would make it, or under another key."""
    device = street.service.devices[index]
    apdu = DataNotification(1, b"", bytes.fromhex("0200")).encode()
    keys = CipherKeys(key or device.keys.encryption_key, device.keys.authentication_key)
    return encode_wpdu(1, 1, protect_push(apdu, device.identity.system_title, keys, Counter(counter)))


async def stranger(street: HostileStreet) -> Link:
    return await street.network.connector("10.6.6.6")(COLLECTOR, PUSH_PORT)


async def is_over(link: Link) -> bool:
    try:
        async with asyncio.timeout(1):
            return not await link.receive()
    except TimeoutError:
        return False
    except LinkError:
        return True


def test_links_held_open_are_bounded_and_give_their_places_up(tmp_path: Path) -> None:
    async def story(street: HostileStreet) -> None:
        server = await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        await street.live_until(0.5)
        links = [await stranger(street) for _ in range(200)]
        await asyncio.sleep(1)
        assert street.runtime._push.links == 50
        assert (None, "push_flood") in street.alarm_kinds()
        assert sum([await is_over(link) for link in links[-10:]]) == 10
        for link in links[:50]:  # every octet would have put the end off, once
            await link.send(b"\x00")
        await asyncio.sleep(20)
        for link in links[:50]:
            await link.send(b"\x01")
        await asyncio.sleep(street.settings.push_idle_timeout_s)
        assert street.runtime._push.links == 0
        genuine = await stranger(street)
        await genuine.send(push(street, 0, 900_000))
        await street.until(lambda: street.runtime.head_end.state.counts.pushes == 1, 10)
        for link in (genuine, *links):
            await link.aclose()
        await street.live_until(3)
        assert street.communication(1) == "ok"
        await server.aclose()

    tell(tmp_path, story, meters=1, settings=replace(QUICK, push_links_max=50))


def test_only_pushes_that_hold_keep_a_link(tmp_path: Path) -> None:
    async def story(street: HostileStreet) -> None:
        server = await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        await street.live_until(0.5)
        forger, meter = await stranger(street), await stranger(street)
        for number in range(12):
            await asyncio.sleep(street.settings.push_idle_timeout_s / 4)
            if number < 3:
                await forger.send(push(street, 0, 1_000 + number, bytes(16)))
            await meter.send(push(street, 0, 900_000 + number))
        await asyncio.sleep(1)
        assert street.runtime._push.links == 1
        assert await is_over(forger)
        assert street.runtime.head_end.state.counts.pushes == 12
        await meter.aclose()
        await forger.aclose()
        await server.aclose()

    tell(tmp_path, story, meters=1)


def test_a_push_too_long_ends_its_link(tmp_path: Path) -> None:
    async def story(street: HostileStreet) -> None:
        server = await street.runtime.listen(street.network.listen, COLLECTOR, PUSH_PORT)
        await street.live_until(0.5)
        link = await stranger(street)
        await link.send(encode_wpdu(1, 1, bytes(65_535))[:9])
        await asyncio.sleep(1)
        assert await is_over(link)
        assert street.alarm_kinds() == {(None, "push_malformed")}
        await link.aclose()
        await server.aclose()

    tell(tmp_path, story, meters=1)


def test_a_flood_is_dropped_counted_and_one_alarm_and_the_collection_goes_on(tmp_path: Path) -> None:
    """What comes between two steps of the head-end is bounded; readings, commands and outcomes are never dropped."""

    async def story(street: HostileStreet) -> None:
        runtime = street.runtime
        flood = push(street, 0, 5, bytes(16))[8:]
        for hour in range(1, 7):
            await street.live_until(hour * 0.5)
            for _ in range(1_000):
                runtime._push.take(flood, "10.6.6.6:1")
            assert len(runtime._inbox) <= street.settings.inbox_max + 1
        await street.live_until(4)
        assert runtime.pushes_dropped >= 6 * 890
        assert street.alarm_kinds() == {(1, PushFault.BAD_PROTECTION.value), (None, PushFault.FLOOD.value)}
        assert runtime.head_end.state.counts.pushes_rejected <= 6 * 102
        street.check_truth(1, 2)

    tell(tmp_path, story, meters=1, settings=replace(QUICK, inbox_max=100))


def test_a_replay_after_a_crash_is_still_a_replay(tmp_path: Path) -> None:
    """A push was taken, the head-end dies, the push is sent again: its event is neither kept nor acted upon twice."""

    async def story(street: HostileStreet) -> None:
        await street.live_until(0.5)
        octets = push(street, 0, 900_000)[8:]
        street.runtime._push.take(octets, "10.6.6.6:1")
        await asyncio.sleep(1)
        for _ in range(3):
            await street.kill_head_end()
            street.open_head_end()
            await asyncio.sleep(1)
            street.runtime._push.take(octets, "10.6.6.6:1")
            await asyncio.sleep(1)
            assert street.runtime.head_end.state.counts.pushes == 0
            assert (1, PushFault.REPLAYED.value) in street.alarm_kinds()

    tell(tmp_path, story, meters=1)
