"""The record store on SQLite, through SQLAlchemy Core.

One connection, write-ahead logging, and a flush to the disk with every commit (synchronous=FULL): when a method returns,
what it wrote survives the loss of power. That is what invocation counters and commands need; everything else here is
written seldom or in bulk, so it gets the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import StaticPool

from ferraris.kernel.errors import StoreError
from ferraris.store.ownership import Ownership
from ferraris.store.ports import WriteHook
from ferraris.store.record_migration import migrate_records
from ferraris.store.record_tables import (
    ALARM,
    AUDIT,
    COLLECTION_GROUP,
    COMMAND,
    INVOCATION_COUNTER,
    METER,
    METER_EVENT,
    METER_STATE,
)
from ferraris.store.rows import (
    COMMAND_TRANSITIONS,
    AlarmRow,
    AlarmSeverity,
    AuditRow,
    CollectionGroupRow,
    CommandRow,
    CommandState,
    InvocationCounterRow,
    MeterEventRow,
    MeterRow,
    MeterStateRow,
)
from ferraris.store.sqlite_engine import sqlite_engine

_Row = TypeVar("_Row")
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=0", "trusted_schema=OFF")
_RESERVE = insert(INVOCATION_COUNTER)
_RESERVE = _RESERVE.on_conflict_do_update(
    index_elements=["meter", "name"],
    set_={"reserved": sa.func.max(INVOCATION_COUNTER.c.reserved, _RESERVE.excluded.reserved)},
)
_SAVE_STATE = insert(METER_STATE)
_SAVE_STATE = _SAVE_STATE.on_conflict_do_update(
    index_elements=["meter"],
    set_={column.name: _SAVE_STATE.excluded[column.name] for column in METER_STATE.c if column.name != "meter"},
)
_SAVE_GROUP = insert(COLLECTION_GROUP)
_SAVE_GROUP = _SAVE_GROUP.on_conflict_do_update(index_elements=["name"], set_={"plan": _SAVE_GROUP.excluded.plan})
_ADD_EVENT = insert(METER_EVENT).on_conflict_do_nothing()
_ADD_COMMAND = sa.insert(COMMAND).returning(COMMAND)
_OPEN_ALARM = insert(ALARM).on_conflict_do_nothing()


class SqliteRecordStore:
    """The adapter; `open_records` makes it. It may be called from several threads, which wait for one another."""

    def __init__(self, path: Path, ownership: Ownership, before_write: WriteHook | None) -> None:
        self._path = path
        self._ownership = ownership
        self._before_write = before_write
        self._lock = threading.RLock()
        self._engine = _engine(path)
        self._closed = False

    def open(self) -> None:
        """Bring the file to the newest migration."""
        with self._transaction("migrate") as connection:
            migrate_records(connection, self._path)

    def close(self) -> None:
        """Close the file and let another process have it. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            self._engine.dispose()
            self._ownership.release()

    # Registry

    def add_meters(self, meters: Iterable[MeterRow]) -> None:
        """Register meters, all or none. A number or serial that is taken raises StoreError."""
        self._write_many("add_meters", sa.insert(METER), meters)

    def update_meter(self, meter: MeterRow) -> None:
        """Replace what is known of a meter; StoreError if there is none of its number."""
        statement = sa.update(METER).where(METER.c.id == meter.id).values(_values(meter))
        with self._transaction("update_meter") as connection:
            if connection.execute(statement).rowcount == 0:
                raise StoreError("no such meter", got=meter.id)

    def next_meter(self) -> int:
        """A number above every meter's."""
        with self._connection() as connection:
            highest: int | None = connection.execute(sa.select(sa.func.max(METER.c.id))).scalar()
        return (highest or 0) + 1

    def meter(self, meter: int) -> MeterRow | None:
        """The meter of that number."""
        return self._first(MeterRow, sa.select(METER).where(METER.c.id == meter))

    def meter_by_serial(self, serial: str) -> MeterRow | None:
        """The meter of that serial number."""
        return self._first(MeterRow, sa.select(METER).where(METER.c.serial == serial))

    def meters(self, group: str | None = None) -> list[MeterRow]:
        """The meters, or those of one group, by number."""
        return self._all(MeterRow, _where(sa.select(METER), METER.c.group, group).order_by(METER.c.id))

    def save_group(self, group: CollectionGroupRow) -> None:
        """Add a collection group or replace its plan."""
        self._write_many("save_group", _SAVE_GROUP, [group])

    def groups(self) -> list[CollectionGroupRow]:
        """The collection groups, by name."""
        return self._all(CollectionGroupRow, sa.select(COLLECTION_GROUP).order_by(COLLECTION_GROUP.c.name))

    # Invocation counters

    def reserve_invocation_counter(self, meter: int, name: str, up_to: int) -> None:
        """Durably raise the counter's mark to `up_to`; a mark that is already higher stays."""
        self.reserve_invocation_counters([InvocationCounterRow(meter=meter, name=name, reserved=up_to)])

    def reserve_invocation_counters(self, counters: Iterable[InvocationCounterRow]) -> None:
        """The same for many counters in one transaction."""
        self._write_many("reserve_invocation_counters", _RESERVE, counters)

    def reserved_invocation_counter(self, meter: int, name: str) -> int | None:
        """The counter's mark, None if it never had one."""
        where = (INVOCATION_COUNTER.c.meter == meter, INVOCATION_COUNTER.c.name == name)
        found = self._first(InvocationCounterRow, sa.select(INVOCATION_COUNTER).where(*where))
        return None if found is None else found.reserved

    def invocation_counters(self) -> list[InvocationCounterRow]:
        """Every counter's mark, by meter and name."""
        by_key = sa.select(INVOCATION_COUNTER).order_by(INVOCATION_COUNTER.c.meter, INVOCATION_COUNTER.c.name)
        return self._all(InvocationCounterRow, by_key)

    # Commands

    def add_command(self, meter: int, kind: str, argument: str, requested_ms: int, requested_by: str) -> CommandRow:
        """A new command, pending."""
        values = {
            "meter": meter,
            "kind": kind,
            "argument": argument,
            "requested_ms": requested_ms,
            "requested_by": requested_by,
            "state": CommandState.PENDING,
            "detail": "",
        }
        with self._transaction("add_command") as connection:
            return CommandRow(**connection.execute(_ADD_COMMAND.values(values)).mappings().one())

    def advance_command(self, command: int, state: CommandState, now_ms: int, detail: str = "") -> CommandRow:
        """Move a command on; raises StoreError unless `COMMAND_TRANSITIONS` allows it."""
        moment = "sent_ms" if state is CommandState.SENT else "finished_ms"
        origins = [origin for origin, targets in COMMAND_TRANSITIONS.items() if state in targets]
        moved = sa.update(COMMAND).where(COMMAND.c.id == command, COMMAND.c.state.in_(origins))
        with self._transaction("advance_command") as connection:
            values = {"state": state, moment: now_ms, "detail": detail}
            row = connection.execute(moved.values(values).returning(COMMAND)).mappings().one_or_none()
            if row is None:
                found = connection.execute(sa.select(COMMAND.c.state).where(COMMAND.c.id == command)).scalar()
                raise StoreError(
                    f"command {command} cannot become {state}",
                    expected=" or ".join(origins) or "nothing",
                    got=found or "no such command",
                )
            return CommandRow(**row)

    def command(self, command: int) -> CommandRow | None:
        """The command of that number."""
        return self._first(CommandRow, sa.select(COMMAND).where(COMMAND.c.id == command))

    def commands(
        self, meter: int | None = None, states: Collection[CommandState] | None = None, limit: int | None = None
    ) -> list[CommandRow]:
        """The commands, the newest first."""
        statement = _where(sa.select(COMMAND), COMMAND.c.meter, meter)
        if states is not None:
            statement = statement.where(COMMAND.c.state.in_(sorted(states)))
        return self._all(CommandRow, statement.order_by(COMMAND.c.id.desc()).limit(limit))

    # Alarms

    def open_alarm(self, meter: int | None, kind: str, severity: AlarmSeverity, now_ms: int, text: str) -> bool:
        """Open an alarm; False, and nothing changed, if one of that meter and kind is open."""
        values = {"meter": meter, "kind": kind, "severity": severity, "opened_ms": now_ms, "text": text}
        with self._transaction("open_alarm") as connection:
            return connection.execute(_OPEN_ALARM.values(values)).rowcount == 1

    def close_alarm(self, meter: int | None, kind: str, now_ms: int) -> bool:
        """Close the open alarm of that meter and kind; False if there is none."""
        is_it = (ALARM.c.meter.is_not_distinct_from(meter), ALARM.c.kind == kind, ALARM.c.closed_ms.is_(None))
        with self._transaction("close_alarm") as connection:
            return connection.execute(sa.update(ALARM).where(*is_it).values(closed_ms=now_ms)).rowcount == 1

    def alarms(self, open_only: bool = True, meter: int | None = None, limit: int | None = None) -> list[AlarmRow]:
        """The open alarms, or all that ever were; the newest first."""
        statement = _where(sa.select(ALARM), ALARM.c.meter, meter)
        if open_only:
            statement = statement.where(ALARM.c.closed_ms.is_(None))
        return self._all(AlarmRow, statement.order_by(ALARM.c.id.desc()).limit(limit))

    # Events and states of meters

    def add_events(self, events: Iterable[MeterEventRow]) -> int:
        """Keep the events that are not known yet, and return how many were new."""
        return self._write_many("add_events", _ADD_EVENT, events)

    def events(self, meter: int | None = None, log: str | None = None, limit: int | None = None) -> list[MeterEventRow]:
        """Events of a meter, of a log, or all; the newest first."""
        event = METER_EVENT.c
        statement = _where(_where(sa.select(METER_EVENT), event.meter, meter), event.log, log)
        newest_first = (event.time_s.desc(), event.meter, event.log, event.code.desc(), event.sequence.desc())
        return self._all(MeterEventRow, statement.order_by(*newest_first).limit(limit))

    def save_states(self, states: Iterable[MeterStateRow]) -> None:
        """Replace the states of these meters in one transaction."""
        self._write_many("save_states", _SAVE_STATE, states)

    def state(self, meter: int) -> MeterStateRow | None:
        """The state of that meter."""
        return self._first(MeterStateRow, sa.select(METER_STATE).where(METER_STATE.c.meter == meter))

    def states(self) -> list[MeterStateRow]:
        """The states of all meters that have one, by meter."""
        return self._all(MeterStateRow, sa.select(METER_STATE).order_by(METER_STATE.c.meter))

    # Audit

    def add_audit(self, entries: Sequence[AuditRow]) -> None:
        """Write down who did what. The database itself refuses to change or remove an entry."""
        self._write_many("add_audit", sa.insert(AUDIT), entries)

    def audit(self, limit: int | None = None) -> list[AuditRow]:
        """The entries, the newest first."""
        columns = [column for column in AUDIT.c if column.name != "id"]
        return self._all(AuditRow, sa.select(*columns).order_by(AUDIT.c.id.desc()).limit(limit))

    # The connection

    def _all(self, row: type[_Row], statement: sa.Select[Any]) -> list[_Row]:
        with self._connection() as connection:
            return [row(**found) for found in connection.execute(statement).mappings()]

    def _first(self, row: type[_Row], statement: sa.Select[Any]) -> _Row | None:
        found = self._all(row, statement)
        return found[0] if found else None

    def _write_many(self, operation: str, statement: sa.Executable, rows: Iterable[object]) -> int:
        """Execute `statement` for every row in one transaction; returns how many rows of the table it changed."""
        parameters = [_values(row) for row in rows]
        if not parameters:
            return 0
        with self._transaction(operation) as connection:
            return connection.execute(statement, parameters).rowcount

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        with self._lock, _failures(self._path), self._opened().connect() as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, operation: str) -> Iterator[sa.Connection]:
        with self._lock:
            with _failures(self._path), self._opened().begin() as connection:
                yield connection
                self._tell(f"{operation}:commit")
            self._tell(f"{operation}:committed")

    def _opened(self) -> sa.Engine:
        if self._closed:
            raise StoreError("the record store is closed")
        return self._engine

    def _tell(self, moment: str) -> None:
        if self._before_write is not None:
            self._before_write(moment)


def _engine(path: Path) -> sa.Engine:
    """An engine of one connection, whose transactions write from their beginning."""
    engine = sqlite_engine(path, StaticPool, _PRAGMAS)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    """Turn the database's errors into StoreError; statements and parameters stay out of its text, since keys are in them."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise StoreError(f"the record store {path} refused a row: {error.orig}") from None
    except sa.exc.DBAPIError as error:
        cause = str(error.orig)
        if "full" in cause:
            raise StoreError(f"the disk under the record store {path} is full: {cause}") from None
        raise StoreError(f"the record store {path} failed: {cause}") from None
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the record store {path} failed: {type(error).__name__}") from None


def _where(statement: sa.Select[Any], column: sa.ColumnElement[Any], value: object) -> sa.Select[Any]:
    return statement if value is None else statement.where(column == value)


def _values(row: Any) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
