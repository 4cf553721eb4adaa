"""Meters that are reached over UDP: collected whole through loss, doubling and outages, commanded at most once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ferraris.headend import CommandKind
from ferraris.simulation import Conditions
from ferraris.store import CommandState
from tests.runtime.street import Street, tell

BAD = Conditions(latency_min_ms=5, latency_max_ms=200, loss=0.02, duplication=0.3)


def test_a_street_is_collected_over_datagrams(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        await street.live_until(6.5)
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 5 * 4] == street.slots(0, 5)
            assert street.communication(meter) == "ok"
        assert street.alarm_kinds() == set()
        assert street.network.streams_made == 0

    tell(tmp_path, story, link="udp")


def test_doubled_and_late_datagrams_lose_nothing_and_raise_no_alarm_of_security(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        street.network.medium.conditions = BAD
        await street.live_until(8)
        street.network.medium.conditions = Conditions()
        await street.live_until(11.5)
        kinds = {row.kind for row in street.stores.records.alarms(open_only=False)}
        assert not kinds & {"wrong_key", "counter", "quarantined", "push_replayed"}
        for meter in (1, 2, 3):
            assert street.stored_slots(meter)[: 10 * 4] == street.slots(0, 10)

    tell(tmp_path, story, link="udp")


def test_a_command_over_doubling_datagrams_is_carried_out_once(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        street.network.medium.conditions = Conditions(duplication=1.0)
        command = street.runtime.post_command(1, CommandKind.DISCONNECT).id
        await street.until(lambda: street.stores.records.command(command).state is CommandState.CONFIRMED)
        assert street.service.devices[0].meter.commands_executed == 1

    tell(tmp_path, story, link="udp")


def test_a_meter_with_a_link_that_nobody_knows_is_an_alarm_and_no_defect(tmp_path: Path) -> None:
    async def story(street: Street) -> None:
        street.runtime.update(replace(street.row(0), link="pigeon"))
        await street.live_until(2)
        (alarm,) = [row for row in street.stores.records.alarms() if row.meter == 1]
        assert "no such link to a meter, expected tcp, udp, hdlc+tcp, got pigeon" in alarm.text
        assert street.communication(2) == "ok"

    tell(tmp_path, story)
