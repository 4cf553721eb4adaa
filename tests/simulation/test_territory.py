"""A territory is built whole before anything runs: streets, collectors, keys, and who holds which."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ferraris.meter import Identity
from ferraris.simulation import VirtualLoop, WorldSettings
from ferraris.simulation.eavesdropper import HOST as EAVESDROPPER_HOST
from ferraris.simulation.script import draw_script
from ferraris.simulation.territory import Territory


def look(directory: Path, settings: WorldSettings, see: Callable[[Territory], None]) -> None:
    loop = VirtualLoop()

    async def story() -> None:
        see(Territory(draw_script(settings), loop, directory))

    loop.run_until_complete(story())
    loop.close()


def test_meters_stand_in_streets_and_collectors_have_them(tmp_path: Path) -> None:
    def see(territory: Territory) -> None:
        assert [street.numbers for street in territory.streets] == [(1, 2, 3), (4, 5, 6), (7,)]
        assert [street.settings.datagram_pushes for street in territory.streets] == [True, False, True]
        collector, rival = territory.collectors
        assert [row.id for row in collector.settings.rows] == list(range(1, 8))
        assert [row.id for row in rival.settings.rows] == [1, 4, 7]
        assert collector.settings.system_title != rival.settings.system_title
        assert territory.programs == [*territory.streets, collector, rival]
        assert territory.street_of(5) is territory.streets[1]

    look(tmp_path, WorldSettings(1, 7, 1, meters_per_street=3, rival=True, unkeyed=False), see)


def test_one_meter_has_a_wrong_key_at_the_collector_only(tmp_path: Path) -> None:
    def see(territory: Territory) -> None:
        collector, rival = territory.collectors
        (number,) = collector.settings.unkeyed
        mixed_up, right = collector.settings.rows[number - 1], territory._row(territory.street_of(number), number)
        assert mixed_up.wrapped_encryption_key == right.wrapped_authentication_key
        assert mixed_up.wrapped_authentication_key == right.wrapped_encryption_key
        assert rival.settings.unkeyed == frozenset()

    look(tmp_path, WorldSettings(2, 4, 1, rival=True, unkeyed=True), see)


def test_a_cut_takes_the_gateway_with_the_first_meter_of_its_street(tmp_path: Path) -> None:
    def see(territory: Territory) -> None:
        host = [Identity(number).host for number in range(6)[1:]]
        assert territory.hosts((2,)) == [host[1]]
        assert territory.hosts((3, 4)) == [host[2], host[3], "10.1.0.2"]

    look(tmp_path, WorldSettings(1, 5, 1, meters_per_street=2), see)


def test_everything_that_is_sent_is_seen_but_the_eavesdropper_is_nobody(tmp_path: Path) -> None:
    def see(territory: Territory) -> None:
        assert territory.medium.witness is not None
        for host in ("10.0.0.1", EAVESDROPPER_HOST):
            territory.medium.witness(f"{host}:50000", "127.20.0.1:4059", b"\0")
        assert list(territory.wire._receivers) == [("10.0.0.1:50000", "127.20.0.1:4059")]
        assert list(territory.eavesdropper._heard) == ["127.20.0.1:4059"]

    look(tmp_path, WorldSettings(1, 1, 1), see)
