"""Gurux and jDLMS read our meter by short names, and switch it and set its clock."""

from __future__ import annotations

import contextlib
from itertools import count
from typing import Any

import pytest

from tests.interop.own_meter import PERIOD_S, START_S, VOLTAGES, OwnMeter
from tests.interop.peers.process import PeerError, PeerProcess
from tests.interop.test_own_meter import (
    ACTIVE_ENERGY_IMPORT,
    DISCONNECTOR,
    FIRST_ROW_MS,
    LOAD_PROFILE,
    LOGICAL_DEVICE_NAME,
    ROWS,
    STATUS,
    VOLTAGE_L1,
    Reader,
)

PEER_ROLE = "client"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

COUNTERS = count(1_000_000, 1000)
PUBLIC: dict[str, Any] = {"client_sap": 16, "short_names": True}
READING: dict[str, Any] = {"client_sap": 2, "authentication": "low", "short_names": True}
TECHNICIAN: dict[str, Any] = {**READING, "client_sap": 3}
MANAGEMENT: dict[str, Any] = {"client_sap": 1, "authentication": "gmac", "security": "both", "short_names": True}
COLUMNS = [
    [8, "0.0.1.0.0.255", 2],
    [1, STATUS, 2],
    *([3, f"1.0.{c}.8.0.255", 2] for c in (1, 2, 3, 4)),
    [3, VOLTAGE_L1, 2],
]


class ShortNameReader(Reader):
    """A foreign client whose associations with the meter each have invocation counters of their own."""

    def answer(
        self, mode: dict[str, Any], operations: list[list[Any]], meter: OwnMeter | None = None
    ) -> dict[str, Any]:
        fresh = {"invocation_counter": next(COUNTERS)} if mode["client_sap"] == 1 else {}
        return self.peer.ask((meter or self.meter).task({**mode, **fresh}, operations))


@pytest.fixture
def gurux_reader(gurux: PeerProcess, short_name_meters: list[OwnMeter]) -> Reader:
    return ShortNameReader(gurux, short_name_meters[0], short_name_meters[0])


@pytest.fixture
def jdlms_reader(jdlms: PeerProcess, short_name_meters: list[OwnMeter]) -> Reader:
    return ShortNameReader(jdlms, short_name_meters[1], short_name_meters[1])


@pytest.fixture(params=["gurux", "jdlms"])
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each peer in turn."""
    reader: Reader = request.getfixturevalue(f"{request.param}_reader")
    return reader


def assert_profile(profile: dict[str, Any], first: int, rows: int) -> None:
    assert profile["columns"] == COLUMNS
    assert [row[0] for row in profile["rows"]] == [FIRST_ROW_MS + (first + n) * PERIOD_S * 1000 for n in range(rows)]
    assert {row[6] for row in profile["rows"]} == {VOLTAGES[0]}


def test_short_names_load_profile(reader: Reader) -> None:
    (profile,) = reader.values(READING, ["profile", LOAD_PROFILE])
    assert_profile(profile, 0, ROWS)


def test_short_names_load_profile_by_range(reader: Reader) -> None:
    from_ms, to_ms = (FIRST_ROW_MS + row * PERIOD_S * 1000 for row in (3, 7))
    (profile,) = reader.values(READING, ["profile_range", LOAD_PROFILE, from_ms, to_ms])
    assert_profile(profile, 3, 5)


def test_short_names_load_profile_by_entry(reader: Reader) -> None:
    (profile,) = reader.values(READING, ["profile_entry", LOAD_PROFILE, 3, 4])
    assert_profile(profile, 2, 4)


def test_short_names_load_profile_in_blocks(jdlms_reader: Reader) -> None:
    """Gurux takes the blocks of a single value for the bare value (test_own_short_names_peer_bugs)."""
    (profile,) = jdlms_reader.values({**READING, "pdu_size": 200}, ["profile", LOAD_PROFILE])
    assert_profile(profile, 0, ROWS)


def test_short_names_public(reader: Reader) -> None:
    name, clock_ms = reader.values(PUBLIC, ["get", 1, LOGICAL_DEVICE_NAME, 2], ["clock"])
    assert bytes.fromhex(name).startswith(b"FER")
    assert abs(clock_ms - START_S * 1000) < PERIOD_S * 1000


def test_short_names_several_attributes_at_once(reader: Reader) -> None:
    (values,) = reader.values(READING, ["get_list", [[3, VOLTAGE_L1, 2], [1, STATUS, 2]]])
    assert values[0] == VOLTAGES[0]
    assert len(values) == 2


def test_short_names_registers(reader: Reader) -> None:
    (energy,) = reader.values(READING, ["register", ACTIVE_ENERGY_IMPORT])
    assert energy["unit"] == 30
    assert energy["value"] > 0


@pytest.mark.peer_role(None)
def test_a_counter_that_gurux_uses_twice_is_refused(gurux_reader: Reader) -> None:
    """In ciphered contexts by short names Gurux 4.0.47 leaves its invocation counter as it is from one APDU to the next.

    jDLMS 1.8.0 finds no method but the first of a class by its short name, so it cannot prove itself either.
    """
    served = False
    with contextlib.suppress(PeerError):  # what it makes of the refusal differs from run to run
        answer = gurux_reader.answer(MANAGEMENT, [["get", 1, LOGICAL_DEVICE_NAME, 2]])
        served = answer["associated"] and answer["results"][0]["ok"]
    assert not served


def test_short_names_disconnect_and_reconnect(gurux_reader: Reader) -> None:
    off, on = gurux_reader.values(TECHNICIAN, ["disconnect", DISCONNECTOR], ["reconnect", DISCONNECTOR])
    assert off == [False, 0]
    assert on[1] in (1, 2)


def test_short_names_clock_is_set(gurux_reader: Reader) -> None:
    moment_ms = (START_S + 30) * 1000
    (clock_ms,) = gurux_reader.values(TECHNICIAN, ["set_clock", moment_ms])
    assert abs(clock_ms - moment_ms) <= 2000
