"""A street is read by the real runtime over secured associations, through outages, wrong keys and restarts."""

from __future__ import annotations

from pathlib import Path

from ferraris.headend import CollectionRequested, CommandKind
from ferraris.meter.fleet import Manufacture
from ferraris.store import CommandState
from tests.runtime.street import Street, tell


def test_half_a_day_is_collected_whole(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(12.5)
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 11 * 4] == street.slots(0, 11)
            assert street.communication(meter) == "ok"
        assert street.alarm_kinds() == set()
        assert {row.last_seen_ms is not None for row in street.stores.records.states()} == {True}

    tell(tmp_path, story)


def test_an_outage_of_six_hours_is_backfilled(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(3.2)
        street.network.medium.cut("outage", [street.service.devices[0].identity.host])
        await street.live_until(9.2)
        assert street.communication(1) == "unreachable"
        assert street.communication(2) == "ok"
        assert (1, "meter_unreachable") in street.alarm_kinds()
        street.network.medium.heal("outage")
        await street.live_until(11.5)
        assert street.stored_slots(1)[: 10 * 4] == street.slots(0, 10)
        assert street.communication(1) == "ok"
        assert street.alarm_kinds() == set()
        assert street.runtime.head_end.state.counts.backfilled >= 16

    tell(tmp_path, story)


def test_a_meter_without_supply_loses_only_what_it_did_not_capture(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(3.2)
        await street.service.switch_off(1)
        await street.live_until(5.2)
        await street.service.switch_on(1)
        await street.live_until(9.5)
        held = [int(t) // 900 for t in _captured(street, 1) if t <= street.clock.now_ms() // 1000 - 2 * 3600]
        assert [slot for slot in street.stored_slots(2) if slot <= held[-1]] == held
        assert len(held) < len(street.slots(0, 7))
        assert street.communication(2) == "ok"

    tell(tmp_path, story)


def test_a_wrong_key_is_an_alarm_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(12.5)
        assert street.communication(2) == "wrong_key"
        assert street.alarm_kinds() == {(2, "wrong_key")} or street.alarm_kinds() == {
            (2, "wrong_key"),
            (2, "authentication_failed"),
        }
        assert street.stored_slots(2) == []
        for meter in (1, 3):
            assert street.stored_slots(meter)[: 11 * 4] == street.slots(0, 11)
        # Few attempts: a meter may lock its door after many.
        assert street.runtime.head_end.state.meters[2].failures < 12

    tell(tmp_path, story, wrong_key=frozenset({1}))


def test_a_corrected_key_is_tried_at_once(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(2.5)
        assert street.communication(2) == "wrong_key"
        street.wrong_key = frozenset()
        street.runtime.update(street.row(1))
        await street.live_until(4.5)
        assert street.communication(2) == "ok"
        assert (2, "wrong_key") not in street.alarm_kinds()

    tell(tmp_path, story, wrong_key=frozenset({1}))


def test_collecting_at_once_on_request(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(2.9)
        before = len(street.stored_slots(1))
        street.runtime.request_collection(meters=[1])
        await street.until(lambda: len(street.stored_slots(1)) > before, 60)
        street.runtime.post(CollectionRequested())
        await street.until(lambda: len(street.stored_slots(3)) > before, 60)

    tell(tmp_path, story)


def test_clocks_are_read_and_set(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(3)
        meters = street.runtime.head_end.state.meters
        assert all(meter.clock_offset_ms is not None for meter in meters.values())
        assert street.runtime.head_end.state.counts.clocks_set >= 1
        for meter in (1, 2, 3):
            # 80 ppm over the hour since it was set, and the hundredth of a second that a date-time counts in.
            assert abs(meters[meter].clock_offset_ms or 0) < 6_000
        await street.live_until(6)
        assert street.stored_slots(1)[: 4 * 4] == street.slots(0, 4)

    tell(tmp_path, story, made=Manufacture(count=3, drift_ppm_max=80, clock_error_ms_max=60_000, index_wh_max=0))


def test_events_of_the_log_are_kept_once(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(2.2)
        await street.service.switch_off(0)
        await street.live_until(2.4)
        await street.service.switch_on(0)
        await street.live_until(6)
        events = [(event.time_s, event.code) for event in street.stores.records.events(1)]
        assert {1, 2} <= {code for _, code in events}
        assert len(events) == len(set(events))

    tell(tmp_path, story)


def test_a_graceful_stop_keeps_what_was_read(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.runtime.request_collection()
        await street.until(lambda: street.runtime.head_end.state.running_count > 0, 60, 0.01)
        await street.close_head_end()
        street.open_head_end()
        assert street.stored_slots(1) == street.slots(0, 1)
        await street.live_until(4)
        assert street.stored_slots(1)[: 2 * 4] == street.slots(0, 2)

    tell(tmp_path, story)


def _captured(street: Street, index: int) -> list[int]:
    """Capture times in seconds in the load profile of a meter, straight from its memory."""
    device = street.service.devices[index]
    profile = device.model.profile.object("LOAD_PROFILE")
    kept = device.model.kept_profile(profile.logical_name)
    assert kept is not None
    return [int(row["time_s"]) for row in device.meter.newest_entries(kept.ring, kept.entries_max)]


def test_a_command_that_waits_can_be_withdrawn_and_one_that_is_settled_not(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(1.2)
        street.network.medium.cut("outage", [street.service.devices[0].identity.host])
        command = street.runtime.post_command(1, CommandKind.DISCONNECT)
        await street.live_until(1.3)
        assert street.runtime.withdraw_command(command.id, "nobody wants it")
        assert not street.runtime.withdraw_command(command.id, "once more")
        assert not street.runtime.withdraw_command(99, "no such command")
        street.network.medium.heal("outage")
        await street.live_until(4.2)
        row = street.stores.records.command(command.id)
        assert row is not None
        assert (row.state, row.detail, row.sent_ms) == (CommandState.FAILED, "nobody wants it", None)
        assert street.communication(1) == "ok"
        assert street.runtime.head_end.state.commands == {}

    tell(tmp_path, story)


def test_a_command_that_an_association_was_given_already_stays_here_when_it_is_withdrawn(tmp_path: Path) -> None:
    """Head-end, conversation and record store agree, at whatever moment of the association it comes."""

    async def story(street: Street) -> None:
        await street.live_until(1.2)
        withdrawn = sent = 0
        for after_ms in range(0, 400, 20):
            command = street.runtime.post_command(1, CommandKind.RECONNECT)
            await street.live_until(street.hours() + after_ms / 3_600_000)
            taken_back = street.runtime.withdraw_command(command.id, "nobody wants it")
            await street.until(lambda: not street.runtime.head_end.state.commands)
            await street.live_until(street.hours() + 0.05)
            row = street.stores.records.command(command.id)
            assert row is not None
            assert (row.state is CommandState.FAILED, row.sent_ms is None) == (taken_back, taken_back)
            withdrawn, sent = withdrawn + taken_back, sent + (not taken_back)
        assert min(withdrawn, sent) > 2

    tell(tmp_path, story)
