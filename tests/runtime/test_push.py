"""Pushes of real meters reach the head-end; strangers', forged and replayed ones become one alarm each."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import AwaitedConfirmations, CipherKeys, OutgoingPush, WrapperReceiver, encode_wpdu, protect_push
from ferraris.dlms.apdu import CONFIRMED, GENERAL_BLOCK_TRANSFER, DataNotification, GeneralBlockTransfer
from ferraris.headend import Event, PushRejected
from ferraris.kernel.errors import LinkTimeoutError
from ferraris.link import Link, receive_within
from ferraris.meter.events import EventCode
from ferraris.runtime import KeyRing
from ferraris.runtime.push import PushListener
from ferraris.store import InvocationCounterRow
from tests.runtime.street import COLLECTOR, PUSH_PORT, Street
from tests.runtime.street import tell as tell_of
from tests.runtime.test_key_ring import MASTER, SETTINGS

tell = partial(tell_of, listening=True)


async def sender(street: Street) -> Link:
    return await street.network.connector("10.9.9.9")(COLLECTOR, PUSH_PORT)


class Counter:
    def __init__(self, first: int) -> None:
        self.next = first

    def take(self) -> int:
        self.next += 1
        return self.next - 1


def forged(system_title: bytes, counter: int, key: bytes = bytes(16)) -> bytes:
    apdu = DataNotification(1, b"", bytes.fromhex("0200")).encode()
    return encode_wpdu(1, 1, protect_push(apdu, system_title, CipherKeys(key, bytes(16)), Counter(counter)))


def test_an_event_is_pushed_kept_and_an_alarm(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.1)
        street.service.devices[0].meter.log_event(EventCode.POWER_DOWN, street.clock.now_ms())
        street.service._pusher.wake()
        await street.until(lambda: (1, "power_down") in street.alarm_kinds(), 60)
        await street.until(lambda: [event.code for event in street.stores.records.events(1)] == [1], 60)
        assert street.runtime.head_end.state.counts.pushes >= 1
        street.service.devices[0].meter.log_event(EventCode.POWER_UP, street.clock.now_ms())
        street.service._pusher.wake()
        await street.until(lambda: (1, "power_down") not in street.alarm_kinds(), 60)
        await street.live_until(3)
        codes = [event.code for event in street.stores.records.events(1)]
        assert sorted(codes) == [1, 2]

    tell(tmp_path, story)


def test_strangers_and_forgers_become_one_alarm_each(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        meter = street.service.devices[0].identity.system_title
        for number in range(50):
            await link.send(forged(b"XYZ\x00\x00\x00\x00\x01", number))
            await link.send(forged(meter, 1_000 + number))
        await street.until(lambda: street.runtime.head_end.state.counts.pushes_rejected == 100, 60)
        await asyncio.sleep(1)
        assert street.alarm_kinds() == {(None, "push_from_unknown_meter"), (1, "push_protection")}
        await link.aclose()

    tell(tmp_path, story)


def test_a_replayed_push_is_refused(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        octets = _genuine(street)
        link = await sender(street)
        for _ in range(3):
            await link.send(octets)
        await street.until(lambda: street.runtime.head_end.state.counts.pushes_rejected == 2, 60)
        await asyncio.sleep(1)
        assert street.alarm_kinds() == {(1, "push_replayed")}
        marks = {(row.meter, row.name.split()[0]): row.reserved for row in street.stores.records.invocation_counters()}
        assert marks[1, "pushed"] == 900_000
        await link.aclose()
        await street.close_head_end()
        street.open_head_end()
        await asyncio.sleep(1)
        street.runtime._push.take(octets[8:], "again")
        await asyncio.sleep(1)
        assert street.runtime.head_end.state.counts.pushes_rejected == 1

    tell(tmp_path, story)


def test_a_push_that_asks_for_it_is_confirmed_once_it_holds(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        security = street.service.server(0).associations.security
        awaited = AwaitedConfirmations(security, [5 | CONFIRMED])
        link = await sender(street)
        await link.send(forged(street.service.devices[0].identity.system_title, 900_000))
        await link.send(_genuine(street, 5 | CONFIRMED))
        wrapper = WrapperReceiver()
        wrapper.receive(await receive_within(link, 60))
        (wpdu,) = wrapper.events()
        awaited.take(wpdu.apdu)
        assert awaited.complete
        await link.send(_genuine(street, 5 | CONFIRMED))  # the same counter again
        with pytest.raises(LinkTimeoutError):
            await receive_within(link, 5)
        await link.aclose()

    tell(tmp_path, story)


def test_a_long_push_comes_in_blocks_and_is_confirmed_whole(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        before = street.runtime.head_end.state.counts.pushes
        outgoing = OutgoingPush(
            _genuine_apdu(street, 5 | CONFIRMED, b"\x09\x82\x75\x30" + bytes(30_000)), 9_000, 4_000, 0
        )
        for block in outgoing.outgoing():
            await link.send(encode_wpdu(1, 1, block))
        awaited = AwaitedConfirmations(street.service._security(0), [5 | CONFIRMED])
        wrapper = WrapperReceiver()
        while not (awaited.complete and outgoing.over):
            wrapper.receive(await receive_within(link, 60))
            for wpdu in wrapper.events():
                if wpdu.apdu[0] == GENERAL_BLOCK_TRANSFER:
                    outgoing.receive(wpdu.apdu, 0)
                else:
                    awaited.take(wpdu.apdu)
        await street.until(lambda: street.runtime.head_end.state.counts.pushes == before + 1, 60)
        assert street.runtime.head_end.state.counts.pushes_rejected == 0
        await link.aclose()

    tell(tmp_path, story)


def test_a_block_out_of_its_place_ends_the_link_and_nothing_else(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        await link.send(encode_wpdu(1, 1, GeneralBlockTransfer(0x40, 60_000, 0, b"x").encode()))
        await street.until(lambda: (None, "push_malformed") in street.alarm_kinds(), 60)
        await street.live_until(3)
        assert street.communication(1) == "ok"

    tell(tmp_path, story)


def _genuine(street: Street, long_invoke_id: int = 1) -> bytes:
    return encode_wpdu(1, 1, _genuine_apdu(street, long_invoke_id))


def _genuine_apdu(street: Street, long_invoke_id: int, body: bytes = bytes.fromhex("0200")) -> bytes:
    device = street.service.devices[0]
    apdu = DataNotification(long_invoke_id, b"", body).encode()
    keys = CipherKeys(device.keys.encryption_key, device.keys.authentication_key)
    return protect_push(apdu, device.identity.system_title, keys, Counter(900_000))


def test_octets_that_are_no_wpdu_end_the_link_and_nothing_else(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.5)
        link = await sender(street)
        await link.send(b"GET / HTTP/1.1\r\n\r\n")
        await street.until(lambda: (None, "push_malformed") in street.alarm_kinds(), 60)
        link = await sender(street)
        for octets in (b"", b"\x0f", b"\xdb\x08", b"\xdb\x08FER\x00\x00\x00\x00\x01\x85", bytes(40)):
            await link.send(encode_wpdu(1, 1, octets))
        await street.until(lambda: street.runtime.head_end.state.counts.pushes_rejected >= 5, 60)
        await street.live_until(3)
        assert street.communication(1) == "ok"

    tell(tmp_path, story)


class NoRecords:
    """A record store without a row."""

    def invocation_counters(self) -> list[InvocationCounterRow]:
        return []


TOLD: list[Event] = []
LISTENER = PushListener(KeyRing(NoRecords(), MASTER, SETTINGS), SETTINGS, TOLD.append)  # type: ignore[arg-type]


@given(st.binary(max_size=60), st.sampled_from([b"", b"\xdb\x08", b"\xdb\x08FER\x00\x00\x00\x00\x01"]))
def test_any_octets_are_refused_and_told(octets: bytes, head: bytes) -> None:
    TOLD.clear()
    LISTENER.take(head + octets, "somewhere")
    (event,) = TOLD
    assert isinstance(event, PushRejected)
    assert event.meter is None
