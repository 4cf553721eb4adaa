"""dlms-cosem, Gurux and jDLMS read our meter, and switch it and set its clock: every value is known beforehand."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import pytest

from benchmarks.rows import server
from tests.interop.load_profile import numbers
from tests.interop.own_client import HEADEND_TITLE, KEYS
from tests.interop.own_meter import ENERGIES, HISTORY_DAYS, PERIOD_S, START_S, VOLTAGES, OwnMeter
from tests.interop.peers.process import PeerProcess

PEER_ROLE = "client"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

LOAD_PROFILE = "1.0.99.1.0.255"
DISCONNECTOR = "0.0.96.3.10.255"
ACTIVE_ENERGY_IMPORT = "1.0.1.8.0.255"
VOLTAGE_L1 = "1.0.32.7.0.255"
STATUS = "0.0.96.10.2.255"
LOGICAL_DEVICE_NAME = "0.0.42.0.0.255"
INVOCATION_COUNTER = "0.0.43.1.0.255"
COLUMNS = [
    [8, "0.0.1.0.0.255", 2],
    [1, STATUS, 2],
    *([3, f"1.0.{c}.8.0.255", 2] for c in (1, 2, 3, 4)),
    *([3, f"1.0.{c}.7.0.255", 2] for c in (32, 52, 72)),
]
FIRST_ROW_MS = (START_S - HISTORY_DAYS * 86_400 + PERIOD_S // 2) * 1000
ROWS = HISTORY_DAYS * 96

# No two associations may use one invocation counter; each of them uses far fewer than these steps.
COUNTERS = count(1000, 1000)

MANAGEMENT = {"client_sap": 1, "authentication": "gmac", "security": "both"}
MODES: dict[str, dict[str, Any]] = {
    "authenticated and encrypted": MANAGEMENT,
    "blocks of 200 octets": {**MANAGEMENT, "pdu_size": 200},
    "low level security": {"client_sap": 2, "authentication": "low"},
}
GURUX_MODES: dict[str, dict[str, Any]] = {
    "dedicated key": {**MANAGEMENT, "dedicated_key": "00112233445566778899aabbccddeeff"},
    "general-glo": {**MANAGEMENT, "general_protection": True},
    "general-ded": {**MANAGEMENT, "general_protection": True, "dedicated_key": "00112233445566778899aabbccddeeff"},
    "protected release": {**MANAGEMENT, "protected_release": True},
}
JDLMS_MODES: dict[str, dict[str, Any]] = {
    "challenges of 8 octets": {**MANAGEMENT, "challenge_length": 8},
    "challenges of 64 octets": {**MANAGEMENT, "challenge_length": 64},
}
PEERS = ("dlms_cosem", "gurux", "jdlms")


class Reader:
    """A foreign client, the meter that it reads and the one that it may change."""

    def __init__(self, peer: PeerProcess, meter: OwnMeter, changeable: OwnMeter) -> None:
        self.peer = peer
        self.meter = meter
        self.changeable = changeable

    def answer(
        self, mode: dict[str, Any], operations: list[list[Any]], meter: OwnMeter | None = None
    ) -> dict[str, Any]:
        """The peer's whole answer."""
        fresh = {"invocation_counter": next(COUNTERS)} if mode["client_sap"] == 1 else {}
        return self.peer.ask((meter or self.meter).task({**mode, **fresh}, operations))

    def values(self, mode: dict[str, Any], *operations: list[Any], meter: OwnMeter | None = None) -> list[Any]:
        """What the operations gave; every one of them must succeed, the release too."""
        answer = self.answer(mode, list(operations), meter)
        assert answer["associated"], answer
        assert all(result["ok"] for result in answer["results"]), answer["results"]
        assert answer["released"], answer
        return [result["value"] for result in answer["results"]]


@pytest.fixture(params=PEERS)
def reader(request: pytest.FixtureRequest, own_meters: list[OwnMeter]) -> Reader:
    """Each peer in turn."""
    return reader_with(request.param, request.getfixturevalue(request.param), own_meters)


def reader_with(name: str, peer: PeerProcess, own_meters: list[OwnMeter]) -> Reader:
    """One peer with the meters that are its own."""
    place = PEERS.index(name)
    return Reader(peer, own_meters[place], own_meters[place + len(PEERS)])


@pytest.fixture
def gurux_reader(gurux: PeerProcess, own_meters: list[OwnMeter]) -> Reader:
    """Gurux, which knows more protections than the others."""
    return reader_with("gurux", gurux, own_meters)


@pytest.fixture
def jdlms_reader(jdlms: PeerProcess, own_meters: list[OwnMeter]) -> Reader:
    """jDLMS, which can be told how long its challenges are."""
    return reader_with("jdlms", jdlms, own_meters)


def assert_load_profile(profile: dict[str, Any], first: int = 0, rows: int = ROWS) -> None:
    """The profile has row `first` first, and each row has grown by what flowed in its quarter of an hour."""
    assert profile["columns"] == COLUMNS
    read = profile["rows"]
    assert [row[0] for row in read] == [FIRST_ROW_MS + (first + n) * PERIOD_S * 1000 for n in range(rows)]
    assert {tuple(row[6:]) for row in read} == {VOLTAGES}
    for earlier, later in pairwise(read):
        for place, energy in enumerate(ENERGIES, start=2):
            assert abs(later[place] - earlier[place] - energy) <= 1, "a quarter by a clock with an error, in whole Wh"


@pytest.mark.parametrize("mode", MODES)
def test_load_profile(reader: Reader, mode: str) -> None:
    (profile,) = reader.values(MODES[mode], ["profile", LOAD_PROFILE])
    assert_load_profile(profile)


@pytest.mark.parametrize("mode", GURUX_MODES)
def test_load_profile_under_other_protections(gurux_reader: Reader, mode: str) -> None:
    (profile,) = gurux_reader.values(GURUX_MODES[mode], ["profile", LOAD_PROFILE])
    assert_load_profile(profile)


@pytest.mark.parametrize("mode", JDLMS_MODES)
def test_load_profile_after_challenges_of_any_length(jdlms_reader: Reader, mode: str) -> None:
    (profile,) = jdlms_reader.values(JDLMS_MODES[mode], ["profile", LOAD_PROFILE])
    assert_load_profile(profile)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (3, 7), (100, 180)])
def test_load_profile_by_range(reader: Reader, first: int, last: int) -> None:
    from_ms, to_ms = (FIRST_ROW_MS + row * PERIOD_S * 1000 for row in (first, last))
    (profile,) = reader.values(MANAGEMENT, ["profile_range", LOAD_PROFILE, from_ms, to_ms])
    assert_load_profile(profile, first, last - first + 1)


@pytest.mark.parametrize("name", ["gurux_reader", "jdlms_reader"])
def test_load_profile_by_entry(request: pytest.FixtureRequest, name: str) -> None:
    (profile,) = request.getfixturevalue(name).values(MANAGEMENT, ["profile_entry", LOAD_PROFILE, 3, 4])
    assert_load_profile(profile, first=2, rows=4)


def test_registers_and_their_units(reader: Reader) -> None:
    energy, voltage, profile = reader.values(
        MANAGEMENT, ["register", ACTIVE_ENERGY_IMPORT], ["register", VOLTAGE_L1], ["profile", LOAD_PROFILE]
    )
    assert (energy["scaler"], energy["unit"]) == (1, 30)
    assert 0 <= energy["value"] - profile["rows"][-1][2] <= ENERGIES[0]
    assert voltage["value"] == pytest.approx(VOLTAGES[0] / 10)
    assert (voltage["scaler"], voltage["unit"]) == (pytest.approx(0.1), 35)


def test_several_attributes_at_once(reader: Reader) -> None:
    together, alone = reader.values(
        MANAGEMENT, ["get_list", [[3, VOLTAGE_L1, 2], [1, LOGICAL_DEVICE_NAME, 2]]], ["get", 1, LOGICAL_DEVICE_NAME, 2]
    )
    assert together == [VOLTAGES[0], alone]


def test_logical_device_name_and_clock_are_public(reader: Reader) -> None:
    name, clock_ms = reader.values({"client_sap": 16}, ["get", 1, LOGICAL_DEVICE_NAME, 2], ["clock"])
    assert bytes.fromhex(name).startswith(b"FER")
    assert abs(clock_ms - START_S * 1000) < PERIOD_S * 1000


def test_the_public_client_learns_the_invocation_counter(reader: Reader) -> None:
    used = reader.answer(MANAGEMENT, [["clock"]])
    (counter,) = reader.values({"client_sap": 16}, ["get", 1, INVOCATION_COUNTER, 2])
    assert used["associated"]
    assert next(COUNTERS) - 1000 < counter < next(COUNTERS), "the highest that the meter has accepted"


def test_object_list(reader: Reader) -> None:
    (objects,) = reader.values(MANAGEMENT, ["objects"])
    names = {(class_id, name) for class_id, _, name in objects}
    assert {(7, LOAD_PROFILE), (70, DISCONNECTOR), (3, ACTIVE_ENERGY_IMPORT), (8, "0.0.1.0.0.255")} <= names
    assert len(names) == len(objects)


def test_disconnect_and_reconnect(reader: Reader) -> None:
    states = reader.values(
        MANAGEMENT, ["disconnect", DISCONNECTOR], ["reconnect", DISCONNECTOR], meter=reader.changeable
    )
    assert states == [[False, 0], [True, 1]]


def test_clock_is_set(reader: Reader) -> None:
    time_ms = (START_S + 40) * 1000
    (clock_ms,) = reader.values(MANAGEMENT, ["set_clock", time_ms], meter=reader.changeable)
    assert abs(clock_ms - time_ms) < 1000


def test_the_reading_client_changes_nothing(reader: Reader) -> None:
    operations = [["set_clock", START_S * 1000], ["disconnect", DISCONNECTOR], ["get", 70, DISCONNECTOR, 2]]
    answer = reader.answer(MODES["low level security"], operations)
    assert [result["ok"] for result in answer["results"]] == [False, False, True]
    assert answer["results"][2]["value"] is True, "the disconnector has not moved"


def test_what_is_not_there_is_refused(reader: Reader) -> None:
    answer = reader.answer(MANAGEMENT, [["get", 3, "1.0.1.8.99.255", 2], ["get", 3, VOLTAGE_L1, 2]])
    refused, read = answer["results"]
    assert not refused["ok"]
    assert "4" in refused["error"], "object-undefined"
    assert read == {"ok": True, "value": VOLTAGES[0]}, "the association goes on"


@pytest.mark.parametrize(
    "mode",
    [
        pytest.param({**MANAGEMENT, "encryption_key": "ff" * 16}, id="wrong encryption key"),
        pytest.param({**MANAGEMENT, "authentication_key": "ff" * 16}, id="wrong authentication key"),
        pytest.param({"client_sap": 2, "authentication": "low", "secret": "00" * 8}, id="wrong secret"),
        pytest.param({"client_sap": 1, "authentication": "none"}, id="no authentication"),
    ],
)
def test_a_stranger_is_not_let_in(reader: Reader, mode: dict[str, Any]) -> None:
    answer = reader.answer(mode, [["profile", LOAD_PROFILE]])
    assert not answer["associated"]
    (voltage,) = reader.values(MANAGEMENT, ["get", 3, VOLTAGE_L1, 2])
    assert voltage == VOLTAGES[0], "the meter goes on serving"


def test_a_replayed_invocation_counter_is_refused(reader: Reader) -> None:
    mode = {**MANAGEMENT, "invocation_counter": next(COUNTERS)}
    task = reader.meter.task(mode, [["clock"]])
    assert reader.peer.ask(task)["associated"]
    assert not reader.peer.ask(task)["associated"]


@pytest.mark.parametrize("security", ["authentication", "encryption"])
def test_half_a_protection_is_not_enough(gurux_reader: Reader, security: str) -> None:
    assert not gurux_reader.answer({**MANAGEMENT, "security": security}, [])["associated"]


@pytest.mark.parametrize(("control", "security"), [("10", "authentication"), ("20", "encryption")])
@pytest.mark.parametrize("protection", [{}, {"general_protection": True}], ids=["glo", "general-glo"])
def test_half_a_protection_where_the_policy_asks_no_more(
    gurux: PeerProcess, control: str, security: str, protection: dict[str, Any]
) -> None:
    with server("benchmarks.meter_process", control) as port:
        task = {"do": "client", "host": "127.0.0.1", "port": port, "server_sap": 1, **KEYS, **protection}
        task |= {**MANAGEMENT, "security": security, "system_title": HEADEND_TITLE.hex(), "invocation_counter": 1}
        answer = gurux.ask({**task, "operations": [["profile", LOAD_PROFILE]]})
    assert answer["released"], answer
    rows = answer["results"][0]["value"]["rows"]
    assert [tuple(row[1:]) for row in rows] == [numbers(row) for row in range(96)]
