"""One head-end, meters of many kinds: wrapper and HDLC, names long and short, plain and compressed, every suite; a bus shared by two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ferraris.headend import CollectionPlan, CommandKind
from ferraris.link import Link
from ferraris.meter.hdlc_line import HdlcLineService
from ferraris.runtime.recovery import save_plan
from ferraris.simulation import run_virtual
from ferraris.store import CommandState, MeterRow
from tests.runtime.street import Street

BUS_PORT = 4061
BUS = (5, 6)
"""Meters on one serial server."""
MODELS = (
    "smr5_three_phase",
    "short_name_meter",
    "compressed_meter",
    "security_suite_1",
    "smr5_single_phase",
    "short_name_meter",
    "security_suite_2",
    "smr5_single_phase",
)
LLS = {"client_sap": 2, "authentication": "lls", "context": "plain", "wrapped_encryption_key": b"", "system_title": b""}
TERMS: dict[int, dict[str, Any]] = {
    2: {"referencing": "short_name"},
    3: {"link": "udp"},
    4: {"client_sap": 36, "ciphering": "general-glo", "policy": "both"},
    5: {"link": "hdlc+tcp", "port": BUS_PORT},
    6: {"link": "hdlc+tcp", "port": BUS_PORT, "client_sap": 2, "address_octets": 4},
    7: {"suite": 2, "referencing": "logical_name"},
    8: {"profile": "spodes"} | LLS,
}
"""By number of the meter, what its row says beyond its companion profile. The last one's names no columns: it is asked."""


@dataclass
class Bus:
    """A serial server before several meters: it takes one link at a time, as such boxes do."""

    service: HdlcLineService
    links: list[str] = field(default_factory=list)
    together: int = 0
    served: int = 0

    async def serve(self, link: Link) -> None:
        self.links.append(link.peer)
        self.served += 1
        self.together = max(self.together, len(self.links))
        try:
            await self.service.serve(link)
        finally:
            self.links.remove(link.peer)


@dataclass
class MixedStreet(Street):
    """The street, and the terms of each meter."""

    meters: int = len(MODELS)
    models: tuple[str, ...] = MODELS
    bus: Bus = field(init=False)

    def row(self, index: int) -> MeterRow:
        row = super().row(index)
        terms = dict(TERMS.get(row.id, {}))
        if row.id in BUS:
            first = self.service.devices[BUS[0] - 1].identity
            terms |= {"host": first.host, "physical_address": self.service.devices[index].identity.hdlc_address}
        return replace(row, **terms)

    async def open(self) -> Street:
        await super().open()
        devices = [self.service.devices[number - 1] for number in BUS]
        servers = {device.identity.hdlc_address: self.service.server(device.meter.index) for device in devices}
        self.bus = Bus(HdlcLineService(servers))
        await self.network.listen(devices[0].identity.host, BUS_PORT, self.bus.serve)
        return self


Story = Callable[[MixedStreet], Coroutine[Any, Any, None]]


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[MixedStreet]:
    street = MixedStreet(tmp_path)
    await street.open()
    try:
        yield street
    finally:
        await street.close()


def tell(tmp_path: Path, story: Story) -> None:
    async def whole() -> None:
        async with opened(tmp_path) as street:
            await story(street)

    run_virtual(whole())


def test_a_mixed_street_is_collected_whole_and_its_gap_is_filled(tmp_path: Path) -> None:
    async def story(street: MixedStreet) -> None:
        await street.live_until(2.2)
        for index in (0, 1):
            await street.service.leave_network(index)
        await street.live_until(5.2)
        for index in (0, 1):
            await street.service.join_network(index)
        await street.live_until(8.7)
        for meter in range(1, len(MODELS) + 1):
            assert street.stored_slots(meter)[: 7 * 4] == street.slots(0, 7), MODELS[meter - 1]
            assert street.communication(meter) == "ok"
        assert {kind for _, kind in street.alarm_kinds()} <= {"power_down"}
        state = street.runtime.head_end.state
        assert state.counts.backfilled > 0
        assert all(meter.clock_offset_ms is not None for meter in state.meters.values())
        assert street.bus.together == 1
        assert street.bus.served > len(BUS)

    tell(tmp_path, story)


def test_commands_reach_meters_of_every_kind_once(tmp_path: Path) -> None:
    async def story(street: MixedStreet) -> None:
        switched = [2, 3, 4, 5, 7]
        commands = [street.runtime.post_command(number, CommandKind.DISCONNECT).id for number in switched]
        read = street.runtime.post_command(8, CommandKind.SET_CLOCK).id
        records = street.stores.records

        def settled() -> bool:
            rows = [records.command(command) for command in (*commands, read)]
            return all(row is not None and row.finished_ms is not None for row in rows)

        await street.until(settled)
        fates = {number: records.command(command) for number, command in zip(switched, commands, strict=True)}
        assert {n: row.state for n, row in fates.items() if row} == dict.fromkeys(switched, CommandState.CONFIRMED)
        assert [street.service.devices[n - 1].meter.commands_executed for n in switched] == [1] * len(switched)

    tell(tmp_path, story)


def test_after_a_restart_a_meter_is_asked_again_and_nothing_is_read_twice(tmp_path: Path) -> None:
    async def story(street: MixedStreet) -> None:
        await street.live_until(3.5)
        await street.close_head_end()
        street.open_head_end()
        await street.live_until(6.6)
        assert street.stored_slots(8)[: 5 * 4] == street.slots(0, 5)
        (coverage, *_) = street.runtime.head_end.state.meters[8].coverage
        assert coverage.profile.tag == "LOAD_PROFILE"
        assert street.runtime.head_end.state.counts.rows_stored < 8 * 5 * 4, "what is stored is not fetched anew"
        assert "data_unrecoverable" not in {kind for _, kind in street.alarm_kinds()}

    tell(tmp_path, story)


def test_a_profile_without_a_channel_is_an_alarm_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def story(street: MixedStreet) -> None:
        await street.close_head_end()
        street_plan = CollectionPlan(profiles=("LOAD_PROFILE", "POWER_QUALITY_PROFILE_1"))
        street.open_head_end()
        save_plan(street.stores.records, street_plan)
        await street.close_head_end()
        street.open_head_end()
        await street.live_until(2.5)
        texts = {row.meter: row.text for row in street.stores.records.alarms() if row.kind == "profile_not_collected"}
        assert texts[1] == "the rows of POWER_QUALITY_PROFILE_1 do not tell their time"
        assert street.stored_slots(1)[:4] == street.slots(0, 1)

    tell(tmp_path, story)


def test_a_companion_profile_whose_file_is_gone_is_an_alarm_and_the_rest_goes_on(tmp_path: Path) -> None:
    async def story(street: MixedStreet) -> None:
        await street.close_head_end()
        street.open_head_end()
        street.stores.records.update_meter(replace(street.row(0), profile=str(tmp_path / "gone.toml")))
        await street.close_head_end()
        street.open_head_end()
        await street.live_until(2.5)
        kinds = {kind for meter, kind in street.alarm_kinds() if meter == 1}
        assert kinds == {"profile_not_collected", "keys_unusable"}
        assert street.stored_slots(2)[:4] == street.slots(0, 1)

    tell(tmp_path, story)
