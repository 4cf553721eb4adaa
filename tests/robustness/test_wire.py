"""Bad input on the way between head-end and meter: a clear failure, an alarm, no hang; and once it stops, nothing is missing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ferraris.dlms import AssociationSettings, encode_wpdu
from ferraris.dlms.apdu import ExceptionResponse, ServiceErrorCode, StateError
from ferraris.headend import CommandKind
from ferraris.runtime import key_ring
from ferraris.store import CommandRow, CommandState
from tests.robustness.hostile import HostileStreet, Tamper, never, tell, untouched

DISCONNECTION = 62


def flipping(dice: random.Random) -> Tamper:
    async def tamper(octets: bytes) -> bytes:
        flipped = bytearray(octets)
        flipped[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
        return bytes(flipped)

    return tamper


def cutting(dice: random.Random) -> Tamper:
    """The first octets of a chunk, and all that follow without them."""

    async def tamper(octets: bytes) -> bytes:
        return octets[: dice.randrange(len(octets))]

    return tamper


def lying_length(_: random.Random) -> Tamper:
    """A wrapper header that promises more than ever comes."""

    async def tamper(octets: bytes) -> bytes:
        return octets[:6] + b"\xff\xff" + octets[8:]

    return tamper


def oversized(_: random.Random) -> Tamper:
    async def tamper(octets: bytes) -> bytes:
        return encode_wpdu(1, 1, bytes(65_535)) * 40

    return tamper


def nested(_: random.Random) -> Tamper:
    """Arrays in arrays in an answer to a GET."""

    async def tamper(octets: bytes) -> bytes:
        return encode_wpdu(1, 1, b"\xc4\x01\xc1\x00" + b"\x01\x01" * 20_000)

    return tamper


def other_saps(_: random.Random) -> Tamper:
    async def tamper(octets: bytes) -> bytes:
        return octets[:2] + b"\x00\x63\x00\x63" + octets[6:]

    return tamper


def rubbish(dice: random.Random) -> Tamper:
    async def tamper(octets: bytes) -> bytes:
        return encode_wpdu(1, 1, dice.randbytes(dice.randrange(1, 200)))

    return tamper


def http(_: random.Random) -> Tamper:
    async def tamper(octets: bytes) -> bytes:
        return b"HTTP/1.1 400 Bad Request\r\n\r\n"

    return tamper


def dripping(_: random.Random) -> Tamper:
    """Octet by octet, a second between them, as if the wire were that slow."""

    async def tamper(octets: bytes) -> bytes:
        await asyncio.sleep(len(octets))
        return octets

    return tamper


def silence(_: random.Random) -> Tamper:
    """Half-open: the link stands and nothing comes."""
    return never


WAYS = (flipping, cutting, lying_length, oversized, nested, other_saps, rubbish, http, dripping, silence)
CONTACT = {"meter_unreachable", "wrong_key", "meter_quarantined", "invocation_counter_implausible", "meter_busy"}


@pytest.mark.parametrize("direction", ["to_head_end", "to_meter"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_bad_wire_is_an_alarm_and_no_loss(
    tmp_path: Path, way: Callable[[random.Random], Tamper], direction: str
) -> None:
    """Four hours of it at one meter of two. The other one does not notice; afterwards the first is read whole."""

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        wire = street.wire(0)
        setattr(wire, direction, way(random.Random(7)))
        await street.live_until(5.2)
        assert {kind for meter, kind in street.alarm_kinds() if meter == 1} & CONTACT
        assert {meter for meter, _ in street.alarm_kinds()} <= {1, None}
        assert street.communication(2) == "ok"
        assert wire.links_most == 1  # one link after the other, none left behind
        assert street.service.connections <= 1
        detail = street.runtime.head_end.state.meters[1].detail
        assert detail
        assert "defect" not in detail
        setattr(wire, direction, untouched)
        await street.live_until(13)
        street.check_truth(1, 11)
        street.check_truth(2, 11)
        assert street.communication(1) == "ok"
        assert {kind for _, kind in street.alarm_kinds()} & CONTACT == set()
        assert wire.links == 0

    tell(tmp_path, story, meters=2)


@pytest.mark.parametrize(
    ("octets", "pdu_size"),
    [(1, 65_535), (7, 65_535), (8, 65_535), (30, 65_535), (600, 65_535), (1_500, 65_535), (900, 256), (1_500, 256)],
)
def test_a_meter_that_stops_in_the_middle(
    tmp_path: Path, octets: int, pdu_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many octets of answers come, then nothing more: in the header, the AARE, a long profile, or between its blocks."""
    small = partial(AssociationSettings, max_receive_pdu_size=pdu_size)
    monkeypatch.setattr(key_ring, "AssociationSettings", small)

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        host = street.service.devices[0].identity.host
        street.network.medium.cut("outage", [host])
        await street.live_until(9.2)  # so that there is a long profile to stop in
        street.network.medium.heal("outage")
        left = octets

        async def stop(chunk: bytes) -> bytes:
            nonlocal left
            if left <= 0:
                return await never(chunk)
            chunk, left = chunk[:left], left - len(chunk)
            return chunk

        street.wire(0).to_head_end = stop
        await street.live_until(11.2)
        assert street.runtime.head_end.state.meters[1].failures
        assert street.wire(0).links <= 1
        street.wire(0).to_head_end = untouched
        await street.live_until(15)
        street.check_truth(1, 13)
        assert street.alarm_kinds() == set()

    tell(tmp_path, story, meters=1)


def fate(street: HostileStreet, command: CommandRow) -> CommandState:
    row = street.stores.records.command(command.id)
    assert row is not None
    return row.state


def switched(street: HostileStreet) -> int:
    return [event.code for event in street.service.devices[0].meter.events()].count(DISCONNECTION)


NO = encode_wpdu(1, 1, ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON).encode())


@pytest.mark.parametrize("performed", [True, False], ids=["performed", "held back"])
def test_a_forged_no_settles_no_command(tmp_path: Path, performed: bool) -> None:
    """The disconnection reaches the meter or not; the answer is replaced by an exception-response in the clear."""

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        wire = street.wire(0)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)

        async def ask(octets: bytes) -> bytes:
            if fate(street, command) is not CommandState.SENT:
                return octets
            wire.to_meter = untouched
            wire.to_head_end = forge
            return octets if performed else NO  # which the meter answers, with an exception of its own

        async def forge(octets: bytes) -> bytes:
            wire.to_head_end = untouched
            return NO

        wire.to_meter = ask
        await street.until(lambda: fate(street, command) in {CommandState.CONFIRMED, CommandState.FAILED}, 3_600)
        assert switched(street) == performed
        assert fate(street, command) is (CommandState.CONFIRMED if performed else CommandState.FAILED)

    tell(tmp_path, story, meters=1)


def test_what_was_heard_once_is_worth_nothing_again(tmp_path: Path) -> None:
    """Everything that a whole association with a disconnection said is sent to the meter again, and again after restarts."""

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.2)
        street.wire(0).heard.clear()
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        await street.until(lambda: fate(street, command) is CommandState.CONFIRMED, 600)
        back = street.runtime.post_command(1, CommandKind.RECONNECT)
        await street.until(lambda: fate(street, back) is CommandState.CONFIRMED, 600)
        heard = [octets for way, octets in street.wire(0).heard if way == "to meter"]
        assert len(heard) > 8
        host = street.service.devices[0].identity.host
        for life in range(3):
            link = await street.network.connector("10.6.6.6")(host, 4059)
            for octets in heard:
                await link.send(octets)
            await asyncio.sleep(5)
            await link.aclose()
            assert switched(street) == 1
            await street.service.switch_off(0)
            await asyncio.sleep(60)
            await street.service.switch_on(0)
            del life
        await street.kill_head_end()
        street.open_head_end()
        await street.live_until(6)
        assert switched(street) == 1
        assert street.communication(1) == "ok"

    tell(tmp_path, story, meters=1)


def test_answers_of_an_earlier_association_are_refused(tmp_path: Path) -> None:
    """The head-end is given what the meter said last time: an alarm, nothing believed."""

    async def story(street: HostileStreet) -> None:
        await street.live_until(1.9)
        wire = street.wire(0)
        old = [octets for way, octets in wire.heard if way == "to head-end"]
        replayed = iter(old)

        async def replay(octets: bytes) -> bytes:
            return next(replayed, octets)

        count = street.stores.intervals.count()
        wire.to_head_end = replay
        await street.live_until(2.9)
        assert street.runtime.head_end.state.counts.associations_failed >= 1
        assert street.stores.intervals.count() == count or next(replayed, None) is None
        wire.to_head_end = untouched
        await street.live_until(12)
        street.check_truth(1, 10)
        assert street.alarm_kinds() == set()

    tell(tmp_path, story, meters=1)
