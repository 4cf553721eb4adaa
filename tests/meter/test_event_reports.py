"""Events told to clients that are there: event-notifications, information reports under short names, and to nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from ferraris.client import ClientAssociation
from ferraris.cosem import CosemDateTime, DisconnectControl, Referencing, Register, obis, profile_from_text
from ferraris.dlms.apdu import (
    Conformance,
    DataNotification,
    EventNotification,
    InformationReportRequest,
    VariableName,
)
from ferraris.dlms.settings import CONFORMANCE_BY_SHORT_NAMES, CONFORMANCE_OF_THIS_ENGINE
from ferraris.kernel.clock import ManualClock
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkError
from ferraris.link import loopback_pair
from ferraris.meter.device import LogicalDevice
from ferraris.meter.events import EventCode
from ferraris.meter.fleet import Fleet
from ferraris.meter.model import MeterModel
from ferraris.meter.server import MeterServer
from ferraris.simulation import run_virtual
from tests.meter.clients import management, reading
from tests.meter.steady import MONDAY_MS

NOW_MS = MONDAY_MS + 3_600_000
PROFILE = """
name = "reporting"
title = "Reporting"
inherit = "{parent}"

[source]
document = "d"
edition = "e"
licence = "l"

[associations]
management = {{ client_sap = 1, authentication = "hls_gmac", ciphered = true, rights = "full"{more} }}
reading = {{ client_sap = 2, authentication = "lls", rights = "read"{more} }}

[objects]
"""
REPORTS = 'reports = ["STANDARD_EVENT_CODE", "CLOCK"]'
Told = DataNotification | EventNotification | InformationReportRequest


class Home:
    """One meter, and a client that listens to it."""

    def __init__(self, fleet: Fleet, referencing: Referencing, reports: str) -> None:
        by_names = referencing is Referencing.SHORT_NAME
        more = ', referencing = "short_name"' * by_names + (reports and f", {reports}")
        text = PROFILE.format(parent="short_name_meter" if by_names else "smr5_single_phase", more=more)
        self.referencing = referencing
        self.device = LogicalDevice(fleet.meters[0], MeterModel(profile_from_text(text, "reporting")), 1, "")
        self.clock = ManualClock(NOW_MS)
        self.server = MeterServer(self.device, self.clock, SeededEntropy(4))
        self.told: list[Told] = []

    async def client(self, name: str = "management", without: int = 0) -> ClientAssociation:
        here, there = loopback_pair()
        asyncio.create_task(self._serve(there))  # noqa: RUF006 - ends with the link
        known = management() if name == "management" else reading()
        by_names = self.referencing is Referencing.SHORT_NAME
        conformance = (CONFORMANCE_BY_SHORT_NAMES if by_names else CONFORMANCE_OF_THIS_ENGINE) & ~without
        association = replace(known.association, referencing=self.referencing, conformance=conformance)
        client = ClientAssociation(here, replace(known, association=association), SeededEntropy(3), self.told.append)
        await client.associate()
        return client

    async def _serve(self, link) -> None:  # noqa: ANN001 - a link
        try:
            await self.server.serve(link)
        except LinkError:
            pass
        finally:
            await link.aclose()

    def happens(self, code: EventCode) -> None:
        self.device.meter.log_event(code, self.clock.now_ms())
        self.server.report_events()


def play(
    fleet: Fleet,
    scenario: Callable[[Home], Awaitable[None]],
    referencing: Referencing = Referencing.LOGICAL_NAME,
    reports: str = REPORTS,
) -> list[Told]:
    async def main() -> Home:
        home = Home(fleet, referencing, reports)
        await scenario(home)
        return home

    return run_virtual(main()).told


def codes(told: list[Told]) -> list[object]:
    return [
        one.value[-1]
        for one in told
        if isinstance(one, EventNotification) and one.descriptor.logical_name != obis.CLOCK
    ]


def test_event_notifications_say_what_happened_and_when(fleet: Fleet) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client()
        home.happens(EventCode.POWER_UP)
        await client.listen(5)
        home.happens(EventCode.CLOCK_INVALID)
        assert (await client.get(Register.value, obis.ACTIVE_ENERGY_IMPORT)).value == 400
        await client.aclose()

    told = play(fleet, scenario)
    assert codes(told) == [EventCode.POWER_UP, EventCode.CLOCK_INVALID]
    assert [one.descriptor.class_id for one in told] == [1, 8, 1, 8]  # type: ignore[union-attr]
    for one in told:
        assert isinstance(one, EventNotification)
        assert one.time is not None
        assert CosemDateTime.from_octets(one.time).to_epoch_ms() == NOW_MS


def test_an_information_report_under_short_names(fleet: Fleet) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client()
        home.happens(EventCode.POWER_UP)
        await client.listen(5)
        await client.aclose()

    (report,) = play(fleet, scenario, Referencing.SHORT_NAME)
    assert isinstance(report, InformationReportRequest)
    assert report.values[0][-1] == EventCode.POWER_UP
    assert CosemDateTime.from_octets(report.values[1][2:]).to_epoch_ms() == NOW_MS
    assert VariableName(0x2BC0 + 8) in report.specifications


def test_what_a_client_does_itself_is_told_behind_the_answer(fleet: Fleet) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client()
        await client.invoke(DisconnectControl.remote_disconnect, obis.DISCONNECT_CONTROL, 0)
        await client.listen(5)
        await client.aclose()

    assert codes(play(fleet, scenario)) == [EventCode.REMOTE_DISCONNECTION]


@pytest.mark.parametrize("referencing", Referencing)
@pytest.mark.parametrize("name", ["management", "reading"])
def test_every_client_that_is_there_is_told_and_none_of_what_was_before(
    fleet: Fleet, referencing: Referencing, name: str
) -> None:
    async def scenario(home: Home) -> None:
        home.happens(EventCode.POWER_DOWN)
        clients = [await home.client(name), await home.client(name)]
        home.happens(EventCode.POWER_UP)
        for client in clients:
            await client.listen(5)
            await client.aclose()
        home.happens(EventCode.CLOCK_INVALID)

    told = play(fleet, scenario, referencing)
    assert len(told) == (2 if referencing is Referencing.SHORT_NAME else 4)


@pytest.mark.parametrize(
    ("referencing", "service"),
    [
        (Referencing.LOGICAL_NAME, Conformance.EVENT_NOTIFICATION),
        (Referencing.SHORT_NAME, Conformance.INFORMATION_REPORT),
    ],
)
def test_a_client_that_did_not_agree_to_it_is_told_nothing(
    fleet: Fleet, referencing: Referencing, service: Conformance
) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client(without=service)
        home.happens(EventCode.POWER_UP)
        await client.listen(5)
        await client.aclose()

    assert play(fleet, scenario, referencing) == []


def test_without_a_word_in_the_profile_nobody_is_told(fleet: Fleet) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client()
        home.happens(EventCode.POWER_UP)
        await client.listen(5)
        await client.aclose()

    assert play(fleet, scenario, reports="") == []


def test_some_events_are_for_the_log_only(fleet: Fleet) -> None:
    async def scenario(home: Home) -> None:
        client = await home.client()
        home.happens(EventCode.CLOCK_ADJUSTED_OLD_TIME)
        home.happens(EventCode.CLOCK_ADJUSTED_NEW_TIME)
        await client.listen(5)
        await client.aclose()

    assert codes(play(fleet, scenario)) == [EventCode.CLOCK_ADJUSTED_NEW_TIME]
