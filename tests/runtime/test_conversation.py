"""Commands on real meters: carried out at most once, settled by reading back, over lost links and crashes at any write."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from ferraris.codec import Data as WireData
from ferraris.codec import Tag, encode_data
from ferraris.cosem import RANGE_DESCRIPTOR, Clock, CosemDateTime, Quirk, load_profile
from ferraris.dlms import Request, Response
from ferraris.dlms.apdu import (
    DataAccessResult,
    DataNotification,
    GetRequestNormal,
    GetResponseNormal,
    Mechanism,
    SetRequestNormal,
    SetResponseNormal,
)
from ferraris.dlms.notification_layout import NotificationDecoder
from ferraris.headend import (
    CheckClock,
    ClockChecked,
    ClockVerdict,
    CollectedProfile,
    CommandKind,
    Outcome,
    ProfileRead,
    ReadProfile,
    Work,
)
from ferraris.kernel.clock import ManualClock
from ferraris.meter.events import read_events
from ferraris.runtime import conversation as conversation_module
from ferraris.runtime.conversation import Conversation
from ferraris.runtime.push import pushed_events
from ferraris.store import CommandRow, CommandState, MeterRow, RecordStore
from tests.client.served import Server, served
from tests.dlms.bottle import SERVER_TITLE, settings
from tests.runtime.street import Street
from tests.runtime.street import tell as tell_of
from tests.runtime.test_key_ring import ROW

OPEN = {CommandState.PENDING, CommandState.SENT, CommandState.UNKNOWN}
DISCONNECTION, CONNECTION = 62, 63
tell = partial(tell_of, meters=1)


def fate(street: Street, command: CommandRow) -> CommandRow:
    row = street.stores.records.command(command.id)
    assert row is not None
    return row


async def settled(street: Street, command: CommandRow) -> CommandRow:
    await street.until(lambda: fate(street, command).state not in OPEN, 4 * 3_600, 5)
    return fate(street, command)


def connected(street: Street) -> bool:
    return bool(street.fleet.memory.state.field("output_state", 0))


def times_switched(street: Street, code: int) -> int:
    """How often the meter's own log says that it was switched remotely."""
    return sum(event.code == code for event in read_events(street.fleet.memory, 0))


def test_disconnect_and_reconnect_are_confirmed(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT, requested_by="ann")
        row = await settled(street, command)
        assert (row.state, row.detail) == (CommandState.CONFIRMED, "output off, control state 0")
        assert not connected(street)
        row = await settled(street, street.runtime.post_command(1, CommandKind.RECONNECT, requested_by="ann"))
        assert row.state is CommandState.CONFIRMED
        entries = [(entry.actor, entry.action, entry.subject) for entry in street.stores.records.audit()]
        assert entries == [("ann", "reconnect", "meter 1"), ("ann", "disconnect", "meter 1")]

    tell(tmp_path, story)


def test_read_now_brings_every_register(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        row = await settled(street, street.runtime.post_command(1, CommandKind.READ_NOW))
        assert row.state is CommandState.CONFIRMED
        shown = json.loads(row.detail)
        assert shown["ACTIVE_ENERGY_IMPORT"] == {"value": 480, "scaler": 0, "unit": "watt_hour"}
        assert len(shown) > 30

    tell(tmp_path, story)


@pytest.mark.parametrize(
    ("argument", "state", "text"),
    [
        ("3/1.0.1.8.0.255/2", CommandState.CONFIRMED, '"value"'),
        ("70/0.0.96.3.10.255/3", CommandState.CONFIRMED, "connected"),
        ("7/1.0.99.1.0.255/3", CommandState.CONFIRMED, "1.0.1.8.0.255"),
        ("3/1.0.99.99.0.255/2", CommandState.FAILED, "object-un"),
        ("15/0.0.40.0.0.255/7", CommandState.FAILED, "read-write-denied"),
        ("nonsense", CommandState.FAILED, "not an attribute"),
        ("3/1.0.1.8.0.255", CommandState.FAILED, "not an attribute"),
    ],
)
def test_any_attribute_can_be_read(tmp_path: Path, argument: str, state: CommandState, text: str) -> None:
    async def story(street: Street) -> None:
        await street.live_until(0.2)
        row = await settled(street, street.runtime.post_command(1, CommandKind.READ_ATTRIBUTE, argument))
        assert row.state is state
        assert text in row.detail

    tell(tmp_path, story)


def test_an_operator_sets_a_clock_that_is_far_off(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.service.devices[0].meter.set_clock(street.clock.now_ms() + 3_000_000, street.clock.now_ms())
        await street.live_until(2.4)
        assert (1, "clock_offset") in street.alarm_kinds()
        row = await settled(street, street.runtime.post_command(1, CommandKind.SET_CLOCK))
        assert row.state is CommandState.CONFIRMED
        await street.live_until(4.4)
        assert (1, "clock_offset") not in street.alarm_kinds()

    tell(tmp_path, story)


@pytest.mark.parametrize("cut_after_ms", [*range(0, 400, 40), 600, 1_000])
def test_a_link_lost_at_any_moment_leaves_a_fate_and_no_second_execution(tmp_path: Path, cut_after_ms: int) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        host = street.service.devices[0].identity.host
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        await street.live_until(1.2 + cut_after_ms / 3_600_000)
        street.network.medium.cut("lost", [host])
        await street.live_until(2.2)
        street.network.medium.heal("lost")
        row = await settled(street, command)
        executed = times_switched(street, DISCONNECTION)
        assert executed == (row.state is CommandState.CONFIRMED)
        assert connected(street) == (executed == 0)

    tell(tmp_path, story)


class Crash(BaseException):
    """The process ends here."""


class CrashAt:
    """A write hook that ends the process at the n-th write after it was armed, and lives on after that."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.where = ""

    def __call__(self, operation: str) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            self.where = operation
            raise Crash(operation)


@pytest.mark.parametrize("write", range(14))
def test_a_crash_at_any_write_loses_nothing_and_doubles_nothing(tmp_path: Path, write: int) -> None:
    crash = CrashAt()

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        crash.left = write
        with pytest.raises(Crash):
            await street.live_until(5)
        await street.kill_head_end()
        await street.live_until(street.hours() + 0.01)
        street.open_head_end()
        row = await settled(street, command)
        # Recorded as sent and never sent is possible; sent twice, or carried out and not known, is not.
        assert times_switched(street, DISCONNECTION) == (row.state is CommandState.CONFIRMED)
        assert connected(street) == (row.state is CommandState.FAILED)
        await street.live_until(street.hours() + 3)
        hours = int(street.hours()) - 1
        assert street.stored_slots(1)[: hours * 4] == street.slots(0, hours)
        _no_revisions(street)

    tell(tmp_path, story, before_write=crash)


def _no_revisions(street: Street) -> None:
    for time_s in street.stores.intervals.read(1, [1], 0, 2**40).time_s.tolist():
        assert len(street.stores.intervals.versions(1, 1, time_s)) == 1


# Meters with quirks: a scripted meter behind an association of its own


NOW_MS = 1_750_000_800_000
PERIOD_S = 900


class ScriptedMeter:
    """Shows a clock, serves one row of its load profile, and remembers what was asked and written."""

    def __init__(self, shown: CosemDateTime) -> None:
        self.shown = shown
        self.written: list[CosemDateTime] = []
        self.asked: list[CosemDateTime] = []
        self.entry = load_profile(ROW.profile).object("LOAD_PROFILE")

    def __call__(self, request: Request) -> Response:
        if isinstance(request, SetRequestNormal):
            self.written.append(Clock.time.datatype.decode(request.value))
            return SetResponseNormal(request.invoke_id_and_priority, DataAccessResult.SUCCESS)
        assert isinstance(request, GetRequestNormal)
        value = Clock.time.datatype.encode(self.shown)
        if request.selection is not None:
            asked = RANGE_DESCRIPTOR.datatype.decode(request.selection.parameters)
            self.asked.append(CosemDateTime.from_octets(asked.from_value.value))
            row = [WireData(Tag.OCTET_STRING, self.shown.to_octets())]
            row += [WireData(Tag.DOUBLE_LONG_UNSIGNED, 7) for _ in self.entry.capture_objects[1:]]
            value = encode_data(WireData(Tag.ARRAY, (WireData(Tag.STRUCTURE, tuple(row)),)))
        return GetResponseNormal(request.invoke_id_and_priority, value)


async def talk(meter: ScriptedMeter, row: MeterRow, *works: Work) -> list[Outcome]:
    plain = settings(SERVER_TITLE, Mechanism.LOWEST, security=None)
    async with served(plain, Server(plain, meter)) as association:
        await association.associate()
        clock = ManualClock(NOW_MS)
        conversation = Conversation(association, row, clock, cast("RecordStore", None), lambda: 0)
        for work in works:
            await conversation.perform(work)
    return conversation.outcomes


LOAD = ReadProfile(CollectedProfile("LOAD_PROFILE", 1, PERIOD_S, 960), NOW_MS // 900_000, NOW_MS // 900_000)
CHECK = CheckClock(tolerance_ms=1_000, guard_ms=600_000, capture_period_s=PERIOD_S)


@pytest.mark.anyio
async def test_ranges_are_asked_for_in_the_local_time_of_a_kaifa_meter() -> None:
    shown = CosemDateTime.from_epoch_ms(NOW_MS, -120)
    for title, deviation_min in ((b"KFM00001", -120), (b"FER00001", 0)):
        meter = ScriptedMeter(shown)
        [outcome] = await talk(meter, replace(ROW, system_title=title), LOAD)
        assert isinstance(outcome, ProfileRead)
        [asked] = meter.asked
        assert asked.deviation_min == deviation_min
        assert asked.to_epoch_ms() == (LOAD.from_s - PERIOD_S + 1) * 1_000


@pytest.mark.anyio
async def test_a_deviation_that_counts_the_other_way_is_turned_in_what_is_read_and_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No profile that can be collected has this quirk yet, so the look-up is told that this meter has it."""
    monkeypatch.setattr(conversation_module, "quirks_of", lambda **_: frozenset({Quirk.DEVIATION_REVERSED}))
    late_ms = NOW_MS - 60_000
    meter = ScriptedMeter(CosemDateTime.from_epoch_ms(late_ms, -330).with_deviation_reversed())
    checked, read = await talk(meter, ROW, CHECK, LOAD)
    assert isinstance(checked, ClockChecked)
    assert (checked.offset_ms, checked.verdict) == (-60_000, ClockVerdict.SET)
    [written] = meter.written
    assert written.deviation_min == 330
    assert written.with_deviation_reversed().to_epoch_ms() == NOW_MS
    assert isinstance(read, ProfileRead)
    assert set(read.readings.time_s.tolist()) == {late_ms // 1_000}


@pytest.mark.parametrize(("reversed_", "time_s"), [(False, 1_750_000_800 + 2 * 330 * 60), (True, 1_750_000_800)])
def test_the_time_of_a_pushed_event(reversed_: bool, time_s: int) -> None:
    time = CosemDateTime.from_epoch_ms(NOW_MS, -330).with_deviation_reversed()
    values = [
        WireData(Tag.OCTET_STRING, time.to_octets()),
        WireData(Tag.OCTET_STRING, b"FER0000000001"),
        WireData(Tag.UNSIGNED, 62),
        WireData(Tag.DOUBLE_LONG_UNSIGNED, 0),
    ]
    body = encode_data(WireData(Tag.STRUCTURE, tuple(values)))
    notification = NotificationDecoder().decode(DataNotification(1, b"", body).encode())
    assert pushed_events(ROW.profile, notification, deviation_reversed=reversed_) == ((time_s, 62),)
