"""The record store, table by table."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferraris.kernel.errors import StoreError
from ferraris.store import (
    COMMAND_TRANSITIONS,
    AlarmSeverity,
    AuditRow,
    CollectionGroupRow,
    CommandState,
    InvocationCounterRow,
    MeterEventRow,
    MeterRow,
    MeterStateRow,
    RecordStore,
    open_records,
)

EVENT_LOG = "0.0.99.98.0.255"


def meter_row(number: int, group: str = "street") -> MeterRow:
    return MeterRow(
        id=number,
        serial=f"FER{number:010}",
        profile="smr5_three_phase",
        host=f"127.20.0.{number % 256}",
        port=4059,
        group=group,
        client_sap=1,
        server_sap=1,
        system_title=b"FER" + number.to_bytes(5, "big"),
        created_ms=1_700_000_000_000,
        wrapped_encryption_key=bytes(range(24)),
        wrapped_authentication_key=bytes(range(24, 48)),
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    opened = open_records(tmp_path / "records.sqlite")
    opened.save_group(CollectionGroupRow(name="street", plan="{}"))
    opened.save_group(CollectionGroupRow(name="shops", plan="{}"))
    opened.add_meters([meter_row(1), meter_row(2), meter_row(3, "shops")])
    yield opened
    opened.close()


# Registry


def test_a_meter_comes_back_as_it_went_in(store: RecordStore) -> None:
    full = dataclasses.replace(meter_row(9), wrapped_master_key=b"\0" * 40, wrapped_lls_secret=b"\xff" * 16)
    store.add_meters([full])
    assert store.meter(9) == full
    assert store.meter_by_serial(full.serial) == full
    assert store.meter(1) == meter_row(1)
    assert store.meter(77) is None
    assert store.meter_by_serial("FER") is None


def test_meters_by_number_and_by_group(store: RecordStore) -> None:
    assert [meter.id for meter in store.meters()] == [1, 2, 3]
    assert [meter.id for meter in store.meters("street")] == [1, 2]
    assert store.meters("nowhere") == []
    assert store.next_meter() == 4


def test_the_first_meter_is_number_one(tmp_path: Path) -> None:
    empty = open_records(tmp_path / "empty.sqlite")
    assert empty.next_meter() == 1
    empty.close()


def test_meters_that_cannot_be_are_refused_and_none_of_their_batch_is_kept(store: RecordStore) -> None:
    table = {
        "number taken": (meter_row(1), "UNIQUE constraint failed: meter.id"),
        "serial taken": (dataclasses.replace(meter_row(8), serial=meter_row(1).serial), "meter.serial"),
        "no such group": (meter_row(8, "nowhere"), "FOREIGN KEY"),
        "number zero": (dataclasses.replace(meter_row(8), id=0), "CHECK constraint"),
    }
    for wrong, said in table.values():
        with pytest.raises(StoreError, match=said):
            store.add_meters([meter_row(7), wrong])
        assert [meter.id for meter in store.meters()] == [1, 2, 3]


def test_errors_do_not_show_what_was_to_be_stored(store: RecordStore) -> None:
    secret = b"wrapped-but-still-private"
    with pytest.raises(StoreError) as caught:
        store.add_meters([dataclasses.replace(meter_row(1), wrapped_encryption_key=secret)])
    assert secret.decode() not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert secret.hex() not in f"{caught.value}"
    assert secret.decode() not in repr(dataclasses.replace(meter_row(1), wrapped_encryption_key=secret))


def test_a_meter_moves(store: RecordStore) -> None:
    moved = dataclasses.replace(meter_row(1), host="127.20.9.9", group="shops")
    store.update_meter(moved)
    assert store.meter(1) == moved
    assert store.meter(2) == meter_row(2)
    with pytest.raises(StoreError, match="no such meter, got 99"):
        store.update_meter(meter_row(99))


def test_groups_are_replaced_by_name(store: RecordStore) -> None:
    store.save_group(CollectionGroupRow(name="shops", plan='{"every_s": 3600}'))
    assert store.groups() == [
        CollectionGroupRow(name="shops", plan='{"every_s": 3600}'),
        CollectionGroupRow(name="street", plan="{}"),
    ]
    assert [meter.id for meter in store.meters("shops")] == [3]


# Invocation counters


def test_a_counters_mark_only_rises(store: RecordStore) -> None:
    assert store.reserved_invocation_counter(1, "unicast") is None
    for up_to, mark in ((1024, 1024), (2048, 2048), (1500, 2048), (2**32 - 1, 2**32 - 1), (0, 2**32 - 1)):
        store.reserve_invocation_counter(1, "unicast", up_to)
        assert store.reserved_invocation_counter(1, "unicast") == mark
    assert store.reserved_invocation_counter(1, "broadcast") is None
    assert store.reserved_invocation_counter(2, "unicast") is None


def test_many_counters_at_once(store: RecordStore) -> None:
    rows = [InvocationCounterRow(meter=meter, name=name, reserved=7) for meter in (1, 2, 3) for name in ("a", "b")]
    store.reserve_invocation_counters(reversed(rows))
    assert store.invocation_counters() == rows
    store.reserve_invocation_counters([])
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.reserve_invocation_counters(
            [dataclasses.replace(rows[0], reserved=9), InvocationCounterRow(meter=99, name="a", reserved=1)]
        )
    assert store.invocation_counters() == rows


# Commands


def test_a_commands_life(store: RecordStore) -> None:
    pending = store.add_command(1, "disconnect", "", 100, "operator")
    assert (pending.state, pending.sent_ms, pending.finished_ms) == (CommandState.PENDING, None, None)
    sent = store.advance_command(pending.id, CommandState.SENT, 200)
    assert sent == dataclasses.replace(pending, state=CommandState.SENT, sent_ms=200)
    done = store.advance_command(pending.id, CommandState.CONFIRMED, 300, "output state is off")
    assert done == dataclasses.replace(
        sent, state=CommandState.CONFIRMED, finished_ms=300, detail="output state is off"
    )
    assert store.command(pending.id) == done
    assert store.command(999) is None


# The shortest way for a command to come into each state.
WAYS = {
    CommandState.PENDING: [],
    CommandState.SENT: [CommandState.SENT],
    CommandState.CONFIRMED: [CommandState.SENT, CommandState.CONFIRMED],
    CommandState.FAILED: [CommandState.SENT, CommandState.FAILED],
    CommandState.UNKNOWN: [CommandState.SENT, CommandState.UNKNOWN],
}

# from        pending sent confirmed failed unknown
TRANSITIONS = """
pending       -       yes  yes       yes    -
sent          -       -    yes       yes    yes
confirmed     -       -    -         -      -
failed        -       -    -         -      -
unknown       -       -    yes       yes    -
"""


@pytest.mark.parametrize("row", [line.split() for line in TRANSITIONS.strip().splitlines()], ids=lambda row: row[0])
def test_every_transition_is_allowed_or_refused(store: RecordStore, row: list[str]) -> None:
    origin, *allowed = row
    for target, verdict in zip(CommandState, allowed, strict=True):
        command = store.add_command(1, "read", "", 1, "operator").id
        for state in WAYS[CommandState(origin)]:
            store.advance_command(command, state, 2)
        before = store.command(command)
        if verdict == "yes":
            assert store.advance_command(command, target, 4).state is target
        else:
            with pytest.raises(StoreError, match=f"cannot become {target}, expected .*, got {origin}"):
                store.advance_command(command, target, 4)
            assert store.command(command) == before


def test_a_command_that_never_left_has_no_moment_of_sending(store: RecordStore) -> None:
    expired = store.add_command(1, "disconnect", "", 1, "operator").id
    failed = store.advance_command(expired, CommandState.FAILED, 9, "not sent in time")
    assert (failed.sent_ms, failed.finished_ms, failed.detail) == (None, 9, "not sent in time")


def test_a_fate_found_out_later_ends_the_command_then(store: RecordStore) -> None:
    lost = store.add_command(1, "disconnect", "", 1, "operator").id
    store.advance_command(lost, CommandState.SENT, 2)
    unknown = store.advance_command(lost, CommandState.UNKNOWN, 3, "the answer was lost")
    assert (unknown.sent_ms, unknown.finished_ms) == (2, 3)
    settled = store.advance_command(lost, CommandState.CONFIRMED, 8, "read back")
    assert (settled.sent_ms, settled.finished_ms, settled.detail) == (2, 8, "read back")


def test_nothing_leads_to_where_a_command_could_be_sent_again() -> None:
    after_sending = {CommandState.SENT}
    for _ in CommandState:
        after_sending |= {target for state in after_sending for target in COMMAND_TRANSITIONS[state]}
    assert CommandState.PENDING not in after_sending
    assert [state for state in CommandState if CommandState.SENT in COMMAND_TRANSITIONS[state]] == [
        CommandState.PENDING
    ]
    assert set(COMMAND_TRANSITIONS) == set(CommandState)


def test_a_command_that_is_not_there_is_not_advanced(store: RecordStore) -> None:
    with pytest.raises(StoreError, match="got no such command"):
        store.advance_command(1, CommandState.SENT, 1)
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.add_command(99, "read", "", 1, "operator")


def test_commands_by_meter_and_state_the_newest_first(store: RecordStore) -> None:
    first, second, third = (store.add_command(meter, "read", "", 1, "operator").id for meter in (1, 2, 1))
    store.advance_command(first, CommandState.SENT, 2)
    assert [command.id for command in store.commands()] == [third, second, first]
    assert [command.id for command in store.commands(meter=1)] == [third, first]
    assert [command.id for command in store.commands(states=[CommandState.PENDING])] == [third, second]
    assert [command.id for command in store.commands(meter=1, states={CommandState.SENT})] == [first]
    assert store.commands(states=[]) == []
    assert [command.id for command in store.commands(limit=1)] == [third]


# Alarms


def test_an_alarm_opens_once_and_closes_once(store: RecordStore) -> None:
    assert store.open_alarm(1, "wrong_key", AlarmSeverity.CRITICAL, 100, "authentication failed")
    assert not store.open_alarm(1, "wrong_key", AlarmSeverity.WARNING, 200, "again")
    (alarm,) = store.alarms()
    assert (alarm.meter, alarm.kind, alarm.severity, alarm.opened_ms) == (1, "wrong_key", AlarmSeverity.CRITICAL, 100)
    assert (alarm.closed_ms, alarm.text) == (None, "authentication failed")
    assert store.close_alarm(1, "wrong_key", 300)
    assert not store.close_alarm(1, "wrong_key", 400)
    assert store.alarms() == []
    assert store.alarms(open_only=False) == [dataclasses.replace(alarm, closed_ms=300)]


def test_alarms_of_other_meters_and_kinds_and_of_the_system_are_apart(store: RecordStore) -> None:
    for meter, kind in ((1, "a"), (2, "a"), (1, "b"), (None, "a")):
        assert store.open_alarm(meter, kind, AlarmSeverity.WARNING, 1, "")
        assert not store.open_alarm(meter, kind, AlarmSeverity.WARNING, 2, "")
    assert [(alarm.meter, alarm.kind) for alarm in store.alarms()] == [(None, "a"), (1, "b"), (2, "a"), (1, "a")]
    assert store.close_alarm(None, "a", 3)
    assert [alarm.kind for alarm in store.alarms(meter=1)] == ["b", "a"]
    assert len(store.alarms(limit=2)) == 2
    assert store.open_alarm(None, "a", AlarmSeverity.WARNING, 4, "")
    assert len(store.alarms(open_only=False)) == 5


def test_an_alarm_of_a_meter_that_is_not_there_is_an_error_and_not_an_open_one(store: RecordStore) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.open_alarm(99, "a", AlarmSeverity.WARNING, 1, "")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([None, 1, 2]), st.sampled_from("ab"), st.booleans()), max_size=20))
def test_alarms_are_a_set_of_open_ones_and_a_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int | None, str, bool]]
) -> None:
    store = open_records(tmp_path_factory.mktemp("alarms") / "x.sqlite")
    store.save_group(CollectionGroupRow(name="street", plan="{}"))
    store.add_meters([meter_row(1), meter_row(2)])
    is_open: set[tuple[int | None, str]] = set()
    opened = 0
    for now_ms, (meter, kind, opening) in enumerate(steps):
        if opening:
            assert store.open_alarm(meter, kind, AlarmSeverity.WARNING, now_ms, "") == ((meter, kind) not in is_open)
            opened += (meter, kind) not in is_open
            is_open.add((meter, kind))
        else:
            assert store.close_alarm(meter, kind, now_ms) == ((meter, kind) in is_open)
            is_open.discard((meter, kind))
    assert {(alarm.meter, alarm.kind) for alarm in store.alarms()} == is_open
    assert len(store.alarms(open_only=False)) == opened
    store.close()


# Events


def test_events_are_kept_once(store: RecordStore) -> None:
    down, up = (MeterEventRow(meter=1, log=EVENT_LOG, time_s=1_700_000_000, code=code) for code in (1, 2))
    assert store.add_events([down, up]) == 2
    assert store.add_events([up, down, dataclasses.replace(up, sequence=1)]) == 1
    assert store.add_events([down, down]) == 0
    assert store.add_events([]) == 0
    assert len(store.events()) == 3


def test_events_newest_first_by_meter_and_log(store: RecordStore) -> None:
    rows = [
        MeterEventRow(meter=meter, log=log, time_s=time_s, code=1)
        for meter in (1, 2)
        for log in (EVENT_LOG, "0.0.99.98.1.255")
        for time_s in (10, 30, 20)
    ]
    assert store.add_events(rows) == 12
    assert [event.time_s for event in store.events(meter=1, log=EVENT_LOG)] == [30, 20, 10]
    assert [(event.time_s, event.meter) for event in store.events(limit=5)] == [
        (30, 1),
        (30, 1),
        (30, 2),
        (30, 2),
        (20, 1),
    ]
    assert len(store.events(meter=2)) == 6
    assert store.events(meter=3) == []


# States


def test_states_are_replaced_in_one_go(store: RecordStore) -> None:
    assert store.state(1) is None
    first = [MeterStateRow(meter=meter, communication="reached", last_seen_ms=5) for meter in (2, 1)]
    store.save_states(first)
    assert store.states() == [first[1], first[0]]
    later = MeterStateRow(
        meter=1,
        communication="failing",
        last_seen_ms=5,
        last_attempt_ms=9,
        failures=3,
        clock_offset_ms=-1500,
        commanded_control_state=0,
        confirmed_control_state=1,
        detail="timeout",
    )
    store.save_states([later])
    assert store.state(1) == later
    assert store.state(2) == first[0]
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        store.save_states([dataclasses.replace(later, failures=4), dataclasses.replace(later, meter=99)])
    assert store.state(1) == later


def test_every_field_of_a_state_is_replaced(store: RecordStore) -> None:
    full = MeterStateRow(meter=1, communication="x", detail="y", failures=1)
    for field in dataclasses.fields(MeterStateRow):
        if field.name == "meter":
            continue
        changed = dataclasses.replace(full, **{field.name: "z" if field.type == "str" else 42})
        store.save_states([full])
        store.save_states([changed])
        assert store.state(1) == changed


# Audit


def test_the_audit_is_added_to_and_the_database_itself_refuses_more(store: RecordStore, tmp_path: Path) -> None:
    entries = [AuditRow(at_ms=at_ms, actor="operator", action="disconnect", subject="FER1") for at_ms in (1, 2)]
    store.add_audit(entries)
    assert store.audit() == entries[::-1]
    assert store.audit(limit=1) == entries[1:]
    store.close()
    with sqlite3.connect(tmp_path / "records.sqlite") as connection:
        for change in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="never changed"):
                connection.execute(change)
    connection.close()


# The file


def test_writes_reach_the_disk_before_they_return(store: RecordStore) -> None:
    with store._connection() as connection:  # type: ignore[attr-defined]
        settings_found = {
            pragma: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert settings_found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_records_are_there_after_closing_and_opening(store: RecordStore, tmp_path: Path) -> None:
    store.add_command(1, "read", "", 1, "operator")
    store.close()
    store.close()
    again = open_records(tmp_path / "records.sqlite")
    assert len(again.meters()) == 3
    assert again.commands()[0].state is CommandState.PENDING
    again.close()


def test_a_closed_store_says_so(store: RecordStore) -> None:
    store.close()
    for use in (store.meters, lambda: store.open_alarm(None, "a", AlarmSeverity.WARNING, 1, "")):
        with pytest.raises(StoreError, match="closed"):
            use()


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_bytes(b"not a database" * 1000)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a database"):
            open_records(path)
    assert path.read_bytes() == b"not a database" * 1000


def test_a_foreign_writer_that_holds_the_database_gives_a_clear_error(store: RecordStore, tmp_path: Path) -> None:
    """Someone with another tool, who knows nothing of ownership."""
    other = sqlite3.connect(tmp_path / "records.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        store.save_group(CollectionGroupRow(name="x", plan=""))
    other.execute("ROLLBACK")
    other.close()
    store.save_group(CollectionGroupRow(name="x", plan=""))


def test_threads_take_turns(store: RecordStore) -> None:
    def work(meter: int) -> None:
        for up_to in range(1, 51):
            store.reserve_invocation_counter(meter, "unicast", up_to)
            store.meters()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, (1, 2, 3))) == [None] * 3
    assert [row.reserved for row in store.invocation_counters()] == [50, 50, 50]


def test_ten_thousand_meters_at_once(tmp_path: Path) -> None:
    store = open_records(tmp_path / "many.sqlite")
    store.save_group(CollectionGroupRow(name="street", plan="{}"))
    store.add_meters(map(meter_row, range(1, 10_001)))
    store.save_states(MeterStateRow(meter=meter, communication="reached") for meter in range(1, 10_001))
    store.save_states(MeterStateRow(meter=meter, communication="failing", failures=1) for meter in range(1, 10_001))
    assert len(store.meters()) == 10_000
    assert {state.communication for state in store.states()} == {"failing"}
    assert store.next_meter() == 10_001
    store.close()
