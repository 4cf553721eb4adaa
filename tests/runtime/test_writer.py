"""Full disks and old copies: nothing lost, an alarm, and all is well again afterwards."""

from __future__ import annotations

from pathlib import Path

from ferraris.headend import CloseAlarm, CollectionPlan, RecordCommandState, RecordMeterState
from ferraris.kernel.errors import StoreError
from ferraris.keys import MasterKey
from ferraris.runtime import KeyRing, RuntimeSettings, save_plan
from ferraris.runtime.writer import Writer
from ferraris.simulation import run_virtual
from ferraris.store import CommandState, MeterStateRow, Stores, open_stores
from tests.headend.world import meter_row
from tests.runtime.street import Street, tell


class Full:
    """A write hook: the disk is full for the operations named."""

    def __init__(self, *operations: str) -> None:
        self.operations = operations
        self.full = False

    def __call__(self, moment: str) -> None:
        operation, _, when = moment.partition(":")
        if self.full and when == "commit" and operation in self.operations:
            raise StoreError("no space left on the device")


def test_readings_wait_in_the_meters_while_the_disk_is_full(tmp_path: Path) -> None:
    disk = Full("append")

    async def story(street: Street) -> None:
        await street.live_until(2.5)
        disk.full = True
        await street.live_until(6.5)
        assert (None, "store_failing") in street.alarm_kinds()
        assert street.runtime.head_end.state.storing_count == 0
        disk.full = False
        await street.live_until(9)
        assert street.alarm_kinds() == set()
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 7 * 4] == street.slots(0, 7)

    tell(tmp_path, story, before_write=disk)


def test_records_that_cannot_be_kept_are_tried_again(tmp_path: Path) -> None:
    disk = Full("save_states", "open_alarm", "close_alarm", "add_events", "reserve_invocation_counters")

    async def story(street: Street) -> None:
        await street.live_until(2.5)
        disk.full = True
        await street.live_until(5.5)
        assert (0, "record_store_failing") in street.runtime.head_end.state.alarms
        disk.full = False
        await street.live_until(9)
        assert street.runtime.head_end.state.alarms == {}
        assert street.alarm_kinds() == set()
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 7 * 4] == street.slots(0, 7)

    tell(tmp_path, story, before_write=disk)


def test_an_old_copy_of_the_records_is_overtaken_by_the_meters_counters(tmp_path: Path) -> None:
    """The record store comes back from a copy without counters: the meters refuse what they have seen already."""

    async def story(street: Street) -> None:
        await street.live_until(4.2)
        await street.kill_head_end()
        _forget_counters(tmp_path)
        street.open_head_end()
        await street.live_until(8)
        for meter in (1, 2, 3):
            assert street.communication(meter) == "ok"
            assert street.stored_slots(meter)[: 6 * 4] == street.slots(0, 6)
        assert street.alarm_kinds() == set()

    tell(tmp_path, story)


def _forget_counters(directory: Path) -> None:
    import sqlite3

    with sqlite3.connect(directory / "records.sqlite") as connection:
        connection.execute("DELETE FROM invocation_counter WHERE name = 'sent'")
    connection.close()


def test_a_backlog_of_records_is_bounded() -> None:
    async def story() -> None:
        settings = RuntimeSettings(backlog_records_max=10)
        writer = Writer(Stores(None, None), None, settings, lambda event: None)  # type: ignore[arg-type]
        for number in range(25):
            writer.add(CloseAlarm(number, "x", 0))
            writer.add(RecordMeterState(MeterStateRow(meter=number % 3, communication="ok")))
        assert writer.dropped == 15
        assert not writer.idle

    run_virtual(story())


def test_what_a_read_back_showed_is_kept_before_the_fate_of_the_command(tmp_path: Path) -> None:
    """Whoever dies between the two looks again; the other way round nobody would, and the old state would stand."""
    moments: list[str] = []
    with open_stores(tmp_path, moments.append) as stores:
        save_plan(stores.records, CollectionPlan())
        stores.records.add_meters([meter_row(1)])
        stores.records.add_command(1, "disconnect", "", 5, "ann")
        stores.records.advance_command(1, CommandState.SENT, 6)

        async def story() -> None:
            key_ring = KeyRing(stores.records, MasterKey(bytes(32)), RuntimeSettings())
            writer = Writer(stores, key_ring, RuntimeSettings(), lambda event: None)
            writer.add(RecordCommandState(1, CommandState.CONFIRMED, 7, "output off"))
            writer.add(RecordMeterState(MeterStateRow(meter=1, communication="ok", confirmed_control_state=0)))
            moments.clear()
            assert await writer.flush()

        run_virtual(story())
    assert [moment for moment in moments if moment.endswith(":committed")] == [
        "save_states:committed",
        "advance_command:committed",
    ]


def test_no_counter_is_used_twice_over_many_deaths(tmp_path: Path) -> None:
    """Meters refuse a counter that is not above the last one; after a restart ours is, at once."""

    async def story(street: Street) -> None:
        for death in range(1, 8):
            await street.live_until(death * 1.13)
            await street.kill_head_end()
            street.open_head_end()
        await street.live_until(10)
        assert street.runtime.head_end.state.counts.associations_failed == 0
        assert isinstance(street.stores, Stores)
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 8 * 4] == street.slots(0, 8)

    tell(tmp_path, story)
