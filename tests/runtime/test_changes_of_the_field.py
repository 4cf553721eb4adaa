"""The field changes under a running head-end: meters are replaced, moved, registered again, or read by someone else too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ferraris.headend import CollectionPlan
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import StoreError, TableError
from ferraris.keys import MasterKey
from ferraris.runtime import Runtime, RuntimeSettings, World
from ferraris.store import MeterRow, open_stores
from tests.runtime.street import QUICK, Street, tell


def row_of(street: Street, meter: int) -> MeterRow:
    row = street.stores.records.meter(meter)
    assert row is not None
    return row


async def restart(street: Street) -> None:
    await street.close_head_end()
    street.open_head_end()


# Replaced and changed


@pytest.mark.parametrize("restarted", [False, True], ids=["going on", "restarted"])
def test_a_meter_replaced_under_the_same_serial_is_read_at_once(tmp_path: Path, restarted: bool) -> None:
    """The old one has answered a hundred times; the new one's invocation counter begins anew, under its own key."""

    async def story(street: Street) -> None:
        await street.live_until(6.2)
        await street.service.leave_network(0)
        old = row_of(street, 1)
        new = replace(street.row(1), id=1, serial=old.serial, created_ms=old.created_ms)
        street.runtime.update(new)
        if restarted:
            await restart(street)
        await street.live_until(8.2)
        assert street.communication(1) == "ok"
        assert street.alarm_kinds() == set()
        assert street.stored_slots(1)[: 7 * 4] == street.slots(0, 7)

    tell(tmp_path, story, meters=2, registered=1)


def test_pushes_of_the_meter_that_was_taken_away_are_a_strangers(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        old = row_of(street, 1)
        new = replace(street.row(1), id=1, serial=old.serial, created_ms=old.created_ms)
        street.runtime.update(new)
        ring = street.runtime._key_ring
        assert ring.meter_of(old.system_title) is None
        assert ring.push_security(old.system_title) is None
        assert ring.meter_of(new.system_title) == new

    tell(tmp_path, story, meters=2, registered=1)


def test_a_wrong_key_typed_in_and_corrected_reuses_no_counter(tmp_path: Path) -> None:
    """Right, wrong, right again: what was sent under the right key before is never sent again under it."""

    async def story(street: Street) -> None:
        await street.live_until(2.2)
        right = row_of(street, 1)
        last = street.runtime._key_ring.counter(1).last_taken
        street.runtime.update(replace(right, wrapped_encryption_key=street.master_key.wrap(bytes(16))))
        await street.live_until(3.2)
        assert street.communication(1) == "wrong_key"
        await restart(street)
        street.runtime.update(right)
        assert street.runtime._key_ring.counter(1).last_taken >= last
        await street.live_until(4.5)
        assert street.communication(1) == "ok"
        assert street.alarm_kinds() == set()
        assert street.stored_slots(1)[: 3 * 4] == street.slots(0, 3)

    tell(tmp_path, story, meters=1)


def test_a_meter_that_gets_another_address_is_read_there(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        street.runtime.update(replace(row_of(street, 1), host="10.77.0.1"))
        await street.live_until(4.2)
        assert street.communication(1) == "unreachable"
        street.runtime.update(street.row(0))
        await street.live_until(4.4)
        assert street.communication(1) == "ok"
        assert street.stored_slots(1)[: 4 * 4] == street.slots(0, 4)

    tell(tmp_path, story, meters=1)


# Groups and plans


def test_a_meter_that_moves_to_a_new_group_gets_a_plan(tmp_path: Path) -> None:
    """Nobody made the group before: it has a plan as a new one, and both are there after a restart."""

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.runtime.update(replace(row_of(street, 1), group="north"))
        assert {plan.group for plan in street.runtime.head_end.config.plans} == {"default", "north"}
        await restart(street)
        assert [row.serial for row in street.stores.records.meters("north")] == [row_of(street, 1).serial]
        assert {plan.group for plan in street.runtime.head_end.config.plans} == {"default", "north"}
        await street.live_until(3.4)
        assert street.stored_slots(1)[: 2 * 4] == street.slots(0, 2)

    tell(tmp_path, story, meters=1)


def test_a_changed_plan_counts_for_the_times_of_reading_at_once(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(3.2)
        hourly = street.runtime.head_end.state.counts.associations
        street.runtime.set_plan(CollectionPlan(period_s=900, offset_s=30, spread_s=30))
        await street.live_until(6.2)
        quarterly = street.runtime.head_end.state.counts.associations - hourly
        assert hourly <= 5
        assert 9 <= quarterly <= 13
        await restart(street)
        assert street.runtime.head_end.config.plans[0].period_s == 900

    tell(tmp_path, story, meters=1)


def test_plans_keep_their_order_when_they_change_and_when_the_head_end_starts_again(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        def groups() -> list[str]:
            return [plan.group for plan in street.runtime.head_end.config.plans]

        for group in ("south", "east"):
            street.runtime.set_plan(CollectionPlan(group))
        assert groups() == ["default", "east", "south"]
        for group in ("default", "east", "east", "south"):
            street.runtime.set_plan(CollectionPlan(group, period_s=1_800))
            assert groups() == ["default", "east", "south"]
        await restart(street)
        assert groups() == ["default", "east", "south"]
        assert {plan.period_s for plan in street.runtime.head_end.config.plans} == {1_800}

    tell(tmp_path, story, meters=1)


HEAD = 'name = "mine"\ntitle = "Mine"\ninherit = "smr5_single_phase"\n'
SOURCE = '[source]\ndocument = "d"\nedition = "e"\nlicence = "l"\n'
NO_LOAD_PROFILE = HEAD + 'absent = ["LOAD_PROFILE"]\n' + SOURCE + "[objects]\n"


def profile_file(path: Path, text: str) -> str:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)
    return str(path)


@pytest.mark.parametrize("restarted", [False, True], ids=["going on", "restarted"])
def test_a_plan_with_more_profiles_counts_for_known_meters_at_once(tmp_path: Path, restarted: bool) -> None:
    async def story(street: Street) -> None:
        street.runtime.set_plan(CollectionPlan(profiles=("DAILY_PROFILE",)))
        await street.live_until(3.2)
        assert street.stored_slots(1) == []
        street.runtime.set_plan(CollectionPlan(profiles=("LOAD_PROFILE", "DAILY_PROFILE")))
        if restarted:
            await restart(street)
        await street.live_until(5.2)
        assert street.stored_slots(1)[: 4 * 4] == street.slots(0, 4), "from the meter's registration on"
        street.runtime.set_plan(CollectionPlan(profiles=("DAILY_PROFILE",)))
        await street.live_until(8.2)
        assert len(street.stored_slots(1)) <= 21
        street.runtime.set_plan(CollectionPlan(profiles=("LOAD_PROFILE",)))
        await street.live_until(9.2)
        assert street.stored_slots(1)[: 8 * 4] == street.slots(0, 8)
        assert street.runtime.head_end.state.counts.rows_stored <= 9 * 4, "what is in the store is not fetched anew"

    tell(tmp_path, story, meters=1)


def test_a_companion_profile_that_is_edited_counts_from_the_next_association_on(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        path = tmp_path / "mine.toml"
        name = profile_file(path, NO_LOAD_PROFILE)
        street.runtime.update(replace(row_of(street, 1), profile=name))
        await street.live_until(3.2)
        assert len(street.stored_slots(1)) <= 1
        profile_file(path, HEAD + SOURCE + "[objects]\n")
        await street.live_until(5.5)
        assert street.stored_slots(1)[: 4 * 4] == street.slots(0, 4)
        profile_file(path, "broken")
        await street.live_until(7.5)
        assert street.stored_slots(1)[: 6 * 4] == street.slots(0, 6), "what was right before goes on"
        assert street.alarm_kinds() == set()

    tell(tmp_path, story, meters=1, models=("smr5_single_phase",))


def test_a_row_with_another_companion_profile_counts_at_once(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        name = profile_file(tmp_path / "mine.toml", NO_LOAD_PROFILE)
        street.runtime.update(replace(row_of(street, 1), profile=name))
        await street.live_until(2.2)
        assert len(street.stored_slots(1)) <= 1
        street.runtime.update(replace(row_of(street, 1), profile="smr5_single_phase"))
        await street.live_until(2.4)
        assert street.stored_slots(1)[: 2 * 4] == street.slots(0, 2)

    tell(tmp_path, story, meters=1, models=("smr5_single_phase",))


# Columns that are no channel

STRANGE = (
    SOURCE
    + """
[objects]
STRANGE = { class_id = 3, version = 0, code = "1.0.99.99.0.255", types = { value = "double-long-unsigned" } }
LOAD_PROFILE = { capture = ["CLOCK.time", "STRANGE.value", "ACTIVE_ENERGY_IMPORT.value"] }
"""
)


def test_columns_that_are_no_channel_are_told_once_and_the_others_are_stored(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        name = profile_file(tmp_path / "mine.toml", HEAD + STRANGE)
        street.runtime.update(replace(row_of(street, 1), profile=name))
        await street.live_until(0.2)
        (alarm,) = [row for row in street.stores.records.alarms() if row.kind == "columns_not_stored"]
        assert (alarm.meter, alarm.severity) == (1, "information")
        assert alarm.text == ("columns of LOAD_PROFILE that are no channel are not stored: 1.0.99.99.0.255 attribute 2")
        await restart(street)
        await street.live_until(0.4)
        kinds = [row.kind for row in street.stores.records.alarms(open_only=False)]
        assert kinds.count("columns_not_stored") == 1
        street.runtime.update(replace(row_of(street, 1), profile="smr5_single_phase"))
        await street.live_until(0.6)
        assert "columns_not_stored" not in {kind for _, kind in street.alarm_kinds()}

    tell(tmp_path, story, meters=1, models=("smr5_single_phase",))


# Registered twice, or wrongly


def test_a_meter_registered_twice_is_refused_and_nothing_of_its_batch_is_kept(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        again = street.row(0)
        other = replace(street.row(1), id=9)
        for rows in ([other, again], [again], [other, replace(other, id=10)]):
            with pytest.raises(StoreError):
                street.runtime.register(rows)
        assert [row.id for row in street.stores.records.meters()] == [1]
        await street.live_until(1.3)
        assert list(street.runtime.head_end.state.meters) == [1]
        street.runtime.register([other])
        await street.live_until(3.3)
        assert street.communication(9) == "ok"

    tell(tmp_path, story, meters=2, registered=1)


@pytest.mark.parametrize("call", ["register", "update"])
def test_a_kind_that_nobody_knows_is_refused_before_it_is_on_record(tmp_path: Path, call: str) -> None:
    async def story(street: Street) -> None:
        before = street.stores.records.meters()
        unknown = replace(street.row(0), profile="smr9")
        new = [replace(unknown, id=2, serial="new")]
        act = partial(street.runtime.register, new) if call == "register" else partial(street.runtime.update, unknown)
        with pytest.raises(TableError):
            act()
        assert street.stores.records.meters() == before
        await restart(street)
        await street.live_until(1.3)
        assert street.communication(1) == "ok"

    tell(tmp_path, story, meters=1)


# Two head-ends


def test_two_head_ends_on_one_meter_lose_nothing_and_know_of_each_other_at_worst_by_an_alarm(tmp_path: Path) -> None:
    """A second collector with the same keys and a system title of its own, over its own stores."""

    async def story(street: Street) -> None:
        settings = replace(QUICK, system_title=b"FERHES02")
        place = tmp_path / "second"
        place.mkdir()
        with open_stores(place, threads=1) as stores:
            second = _second(street, stores, settings)
            second.register([street.row(index) for index in range(2)])
            running = asyncio.create_task(second.run())
            for hour in range(1, 7):
                await street.live_until(hour + 0.001)
                street.runtime.request_collection()
                second.request_collection()  # both at one moment
            await street.live_until(8.4)
            second.stop()
            await running
            for meter in (1, 2):
                assert street.stored_slots(meter)[: 7 * 4] == street.slots(0, 7)
                kept = stores.intervals.read(meter, [1], 0, 2**40)
                assert [time_s // 900 for time_s in kept.time_s.tolist()][: 7 * 4] == street.slots(0, 7)
                assert street.communication(meter) == "ok"
                assert second.head_end.state.meters[meter].communication == "ok"
        assert {kind for _, kind in street.alarm_kinds()} <= {"meter_busy"}

    tell(tmp_path, story, meters=2)


def _second(street: Street, stores: Any, settings: RuntimeSettings) -> Runtime:
    world = World(street.clock, SeededEntropy(21), street.network.connector("10.0.0.2"))
    return Runtime(stores, street.master_key, world, settings)


# Keys that cannot be used


def test_a_master_key_that_is_another_one_is_an_alarm_for_every_meter_and_a_store_that_stays_whole(
    tmp_path: Path,
) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        right = street.master_key
        await street.close_head_end()
        street.master_key = MasterKey(bytes(32))
        street.open_head_end()
        await street.live_until(3.2)
        assert {kind for _, kind in street.alarm_kinds()} <= {"keys_unusable", "wrong_key"}
        assert len(street.alarm_kinds()) == 2
        await street.close_head_end()
        street.master_key = right
        street.open_head_end()
        await street.live_until(10.2)
        assert street.alarm_kinds() == set()
        assert street.stored_slots(2)[: 9 * 4] == street.slots(0, 9)

    tell(tmp_path, story, meters=2)


def test_one_meters_damaged_keys_are_that_meters_alarm(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.runtime.update(replace(row_of(street, 1), wrapped_encryption_key=bytes(24)))
        await street.live_until(3.2)
        assert {meter for meter, _ in street.alarm_kinds()} == {1}
        assert street.communication(2) == "ok"
        street.runtime.update(street.row(0))
        await street.live_until(4.4)
        assert street.alarm_kinds() == set()
        assert street.communication(1) == "ok"

    tell(tmp_path, story, meters=2)
