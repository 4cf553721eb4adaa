"""Each objection of the auditor, beside the same thing done right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ferraris.cosem import ControlState
from ferraris.kernel.clock import ManualClock
from ferraris.simulation import EventLog
from ferraris.simulation.auditor import EVENT_LOG, Auditor, Ledger
from ferraris.simulation.truth import MeterTruth, ProfileTruth, Row, Switching
from ferraris.store import (
    CollectionGroupRow,
    CommandRow,
    CommandState,
    MeterEventRow,
    Readings,
    Stores,
    open_stores,
)
from tests.headend.world import meter_row

SLOT = 1_800_000_000 // 900
TIMES_S = [(SLOT + number) * 900 for number in range(1, 5)]
METER = 1


class Office:
    """An auditor with one meter of two channels and one collector's stores."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        stores.records.save_group(CollectionGroupRow(name="default", plan="{}"))
        stores.records.add_meters([meter_row(METER)])
        self.auditor = Auditor(7, EventLog(ManualClock(5_000)), lambda: 5_000)
        self.truth = self.auditor.truth.meters[METER] = MeterTruth(
            METER, ProfileTruth("load", range(1, 3)), ProfileTruth("daily", range(17, 18))
        )
        for number, time_s in enumerate(TIMES_S):
            self.truth.load.rows[time_s] = [Row(0, (number * 10, number * 10 + 1))]
        self.auditor.add_ledger(Ledger("collector", SLOT * 900, (METER,), self.commands))

    def commands(self, meter: int) -> list[CommandRow]:
        return self.stores.records.commands(meter)

    def readings(self, *times_s: int, change: int = 0, channels: tuple[int, ...] = (1, 2)) -> Readings:
        rows = [
            (METER, channel, time_s, self.truth.load.rows[time_s][0].values[channel - 1] + change, 0)
            for time_s in times_s
            for channel in channels
        ]
        return Readings.from_rows(rows)

    def store(self, readings: Readings) -> None:
        self.stores.intervals.append(readings, 5)

    def command(self, kind: str, *states: CommandState, detail: str = "") -> int:
        row = self.stores.records.add_command(METER, kind, "", 1_000, "ann")
        for state in states:
            self.stores.records.advance_command(row.id, state, 4_000, detail)
        return row.id

    def execute(self, state: ControlState, at_ms: int = 3_000) -> None:
        switching = Switching(at_ms, state, executed=True)
        self.truth.switchings.append(switching)
        self.auditor._on_executed(METER, switching)

    @property
    def claim(self) -> str:
        return "" if self.auditor.finding is None else self.auditor.finding.claim


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_stores(tmp_path, threads=1) as stores:
        yield Office(stores)


def test_what_was_captured_may_be_stored_and_is_then_kept(office: Office) -> None:
    office.auditor.appended("collector", office.readings(*TIMES_S[:2]))
    office.store(office.readings(*TIMES_S[:2]))
    office.auditor.reopened("collector", office.stores)
    assert office.claim == ""
    assert office.auditor.missing("collector", TIMES_S[-1]) == {METER: TIMES_S[2:]}
    assert office.auditor.missing("collector", TIMES_S[2]) == {METER: [TIMES_S[2]]}


def test_rows_from_before_the_registration_are_not_wanted(office: Office) -> None:
    office.truth.load.rows[SLOT * 900] = [Row(0, (0, 0))]
    assert office.auditor.missing("collector", SLOT * 900) == {}


def test_each_profile_is_wanted_for_itself(office: Office) -> None:
    office.truth.daily.rows[TIMES_S[0]] = [Row(0, (5,))]
    office.auditor.appended("collector", office.readings(*TIMES_S))
    assert office.auditor.missing("collector", TIMES_S[-1]) == {METER: [TIMES_S[0]]}
    office.auditor.appended("collector", Readings.from_rows([(METER, 17, TIMES_S[0], 5, 0)]))
    assert office.auditor.missing("collector", TIMES_S[-1]) == {}
    assert office.auditor.rows_stored == len(TIMES_S)
    assert office.claim == ""


def test_a_changed_value_is_seen_when_it_is_stored(office: Office) -> None:
    office.auditor.appended("collector", office.readings(TIMES_S[0], change=1))
    assert office.claim == "a reading has a wrong value"


def test_an_invented_interval_is_seen_when_it_is_stored(office: Office) -> None:
    office.auditor.appended("collector", Readings.from_rows([(METER, 1, TIMES_S[0] + 1, 0, 0)]))
    assert office.claim == "an interval is invented"


def test_an_interval_of_another_meter_is_invented(office: Office) -> None:
    office.auditor.appended("collector", Readings.from_rows([(2, 1, TIMES_S[0], 0, 0)]))
    assert office.claim == "an interval is invented"


def test_a_wrong_value_in_the_file_is_seen_when_it_is_opened(office: Office) -> None:
    office.store(office.readings(TIMES_S[0], change=1))
    office.auditor.reopened("collector", office.stores)
    assert office.claim == "a reading has a wrong value"


def test_an_interval_that_was_stored_and_is_gone_is_lost(office: Office) -> None:
    office.auditor.appended("collector", office.readings(TIMES_S[0]))
    office.auditor.reopened("collector", office.stores)
    assert office.claim == "a stored interval is lost"


def test_half_a_row_is_an_objection(office: Office) -> None:
    office.store(office.readings(TIMES_S[0], channels=(2,)))
    office.auditor.reopened("collector", office.stores)
    assert office.claim == "a row is stored in part"


def test_what_the_file_holds_twice_is_seen(office: Office) -> None:
    office.store(office.readings(TIMES_S[0]))
    office.stores.intervals._connected().execute("INSERT INTO reading SELECT * FROM reading")  # type: ignore[attr-defined]
    office.auditor.reopened("collector", office.stores)
    assert office.claim == "a reading is stored twice"


@pytest.mark.parametrize("states", [(), (CommandState.SENT, CommandState.CONFIRMED)], ids=["pending", "settled"])
def test_a_command_that_is_not_under_way_may_not_be_carried_out(
    office: Office, states: tuple[CommandState, ...]
) -> None:
    office.command("disconnect", *states)
    office.execute(ControlState.DISCONNECTED)
    assert office.claim == "a command is carried out that nobody has under way"


def test_a_command_of_the_other_kind_does_not_excuse_it(office: Office) -> None:
    office.command("disconnect", CommandState.SENT)
    office.execute(ControlState.CONNECTED)
    assert office.claim == "a command is carried out that nobody has under way"


def test_a_command_may_be_carried_out_once(office: Office) -> None:
    number = office.command("disconnect", CommandState.SENT, CommandState.UNKNOWN)
    office.execute(ControlState.DISCONNECTED)
    assert (office.claim, office.auditor.executions[METER, number]) == ("", 1)
    office.execute(ControlState.DISCONNECTED)
    assert office.claim == "a command is carried out twice"


def test_two_commands_under_way_may_both_be_carried_out(office: Office) -> None:
    office.command("disconnect", CommandState.SENT)
    office.command("disconnect", CommandState.SENT)
    office.execute(ControlState.DISCONNECTED)
    office.execute(ControlState.DISCONNECTED)
    assert office.claim == ""


@pytest.mark.parametrize(
    ("state", "executed", "claim"),
    [
        (CommandState.CONFIRMED, True, ""),
        (CommandState.FAILED, False, ""),
        (CommandState.CONFIRMED, False, "a confirmed command was not carried out"),
        (CommandState.FAILED, True, "a command that failed was carried out"),
        (CommandState.UNKNOWN, True, "a command's fate is not known"),
        (CommandState.UNKNOWN, False, "a command's fate is not known"),
    ],
)
def test_the_record_must_agree_with_the_meter(office: Office, state: CommandState, executed: bool, claim: str) -> None:
    number = office.command("disconnect", CommandState.SENT)
    if executed:
        office.execute(ControlState.DISCONNECTED)
    office.stores.records.advance_command(number, state, 4_000)
    office.auditor.check_commands("collector", METER)
    assert office.claim == claim


def test_a_command_lost_on_its_way_to_where_it_leads_is_as_good_as_done(office: Office) -> None:
    office.truth.switchings.append(Switching(2_000, ControlState.DISCONNECTED, executed=True))
    office.command("disconnect", CommandState.SENT, CommandState.CONFIRMED)
    office.auditor.check_commands("collector", METER)
    assert office.claim == ""


def test_the_disconnector_must_stand_as_shown(office: Office) -> None:
    office.auditor.check_state(METER, ControlState.CONNECTED)
    assert office.claim == ""
    office.auditor.check_state(METER, ControlState.DISCONNECTED)
    assert office.claim == "a disconnector stands otherwise than shown"


def test_events_are_neither_lost_nor_invented(office: Office) -> None:
    office.truth.events += [(10, 1), (20, 2), (20, 2)]
    office.auditor.calm_begins()
    office.truth.events.append((30, 1))
    rows = [MeterEventRow(meter=METER, log=EVENT_LOG, time_s=10, code=1)]
    rows += [MeterEventRow(meter=METER, log=EVENT_LOG, time_s=20, code=2, sequence=number) for number in (0, 1)]
    office.stores.records.add_events(rows[:2])
    assert office.auditor.unread_events(METER, office.stores) == {(20, 2): 1}
    office.stores.records.add_events(rows[2:])
    office.auditor.check_events(METER, office.stores)
    assert office.claim == ""
    office.stores.records.add_events([MeterEventRow(meter=METER, log=EVENT_LOG, time_s=11, code=1)])
    office.auditor.check_events(METER, office.stores)
    assert office.claim == "an event is invented"


def test_an_event_that_is_not_on_record_is_lost(office: Office) -> None:
    office.truth.events.append((10, 1))
    office.auditor.calm_begins()
    office.auditor.check_events(METER, office.stores)
    assert office.claim == "an event is lost"


def test_a_bound_holds_up_to_itself(office: Office) -> None:
    office.auditor.bound("something", 5, 5)
    assert office.claim == ""
    office.auditor.bound("something", 6, 5)
    assert office.claim == "something grows beyond its bound"


def test_the_first_objection_counts_and_tells_its_story(office: Office) -> None:
    office.auditor.fail("first", "detail", "meter1")
    office.auditor.fail("second", "detail")
    finding = office.auditor.finding
    assert finding is not None
    assert (finding.claim, finding.seed, finding.at_ms) == ("first", 7, 5_000)
    assert str(finding) == "first: detail (seed 7, at 1970-01-01 00:00:05.000+00:00)"
    assert office.auditor.found.is_set()
