"""What operators order: commands to meters, collections out of turn, acknowledged alarms. All of it leaves an audit row.

An idempotency key makes a repeated order harmless: it is kept with the command, as the reference of whoever asked, in the
same transaction. A second POST with the key gives the first one's command back.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from ferraris.console.port import System
from ferraris.console.problems import Problem, not_found, refused
from ferraris.headend import (
    Activity,
    AlarmAcknowledged,
    CollectionRequested,
    CommandKind,
    HeadEndState,
    check_argument,
)
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import COLLECTIONS_REMEMBERED_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX
from ferraris.store import AuditRow, CommandRow, MeterRow

REFERENCE_MARK = " · "
_NO_SUCH = {CommandKind.ENTER_TOKEN: "No such tokens", CommandKind.READ_ATTRIBUTE: "No such attribute"}


@dataclass(frozen=True, slots=True)
class CollectionProgress:
    """How a collection out of turn stands. `done` meters are dealt with: `reached` of them gave all they had."""

    id: int
    requested_ms: int
    meters: int
    done: int
    reached: int
    failed: int
    missing: int
    """Slots that are still to come from these meters."""
    finished: bool


@dataclass(frozen=True, slots=True)
class _Run:
    id: int
    requested_ms: int
    meters: tuple[int, ...]
    busy: frozenset[int]
    """Those with which an association was under way already: it counts as theirs."""


class Desk:
    """Takes the orders."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._runs: dict[int, _Run] = {}
        self._last_run = 0

    def command(
        self, row: MeterRow, kind: CommandKind, argument: str, requested_by: str, idempotency_key: str = ""
    ) -> CommandRow:
        """Order a command, or find the one that was ordered with this key. Raises Problem, StoreError."""
        reference = _reference(requested_by, idempotency_key)
        _check_argument(kind, argument)
        if idempotency_key:
            for earlier in self._system.stores.records.commands(meter=row.id):
                if earlier.requested_by == reference:
                    return _same(earlier, kind, argument)
        self._check_room(row)
        return self._system.post_command(row.id, kind, argument, reference)

    def acknowledge(self, meter: int | None, kind: str, serial: str, requested_by: str) -> None:
        """Close an open alarm. Raises Problem when there is none."""
        if (meter or 0, kind) not in self._system.head_end.state.alarms:
            raise not_found("open alarm", f"{kind} of {serial or 'the system'}")
        self._audit(requested_by, f"acknowledge {kind}", serial or "system")
        self._system.post(AlarmAcknowledged(meter, kind))

    def collect(self, group: str | None, meters: tuple[MeterRow, ...] | None, requested_by: str) -> CollectionProgress:
        """Have meters read now, whatever their plans say: those given, or all of the group, or all."""
        state = self._system.head_end.state
        chosen = state.meters if meters is None else {row.id: state.meters[row.id] for row in meters}
        wanted = tuple(number for number, meter in chosen.items() if group in (None, meter.row.group))
        if not wanted:
            raise refused("There are no such meters to collect from.")
        now_ms = self._system.clock.now_ms()
        self._last_run += 1
        busy = frozenset(number for number in wanted if state.meters[number].association)
        self._runs[self._last_run] = _Run(self._last_run, now_ms, wanted, busy)
        while len(self._runs) > COLLECTIONS_REMEMBERED_MAX:
            del self._runs[min(self._runs)]
        self._audit(requested_by, "collect", group or "all", f"{len(wanted)} meters")
        self._system.post(CollectionRequested(group, wanted))
        return self.progress(self._last_run)

    def progress(self, run: int | None = None) -> CollectionProgress:
        """How a collection stands, the last one by default. Raises Problem when there is none."""
        known = self._runs.get(self._last_run if run is None else run)
        if known is None:
            raise not_found("collection", "yet" if run is None else run)
        state = self._system.head_end.state
        meters = [state.meters[number] for number in known.meters if number in state.meters]
        done = [meter for meter in meters if _dealt_with(state, meter.id, known)]
        failed = sum(1 for meter in done if meter.failures or meter.communication.circuit_open)
        return CollectionProgress(
            id=known.id,
            requested_ms=known.requested_ms,
            meters=len(meters),
            done=len(done),
            reached=len(done) - failed,
            failed=failed,
            missing=sum(_still_to_come(state, meter.id, self._settled_s()) for meter in meters),
            finished=len(done) == len(meters),
        )

    def _settled_s(self) -> int:
        """Until when captures are expected to be in the meters."""
        return self._system.clock.now_ms() // 1_000 - self._system.head_end.config.limits.settle_s

    def _check_room(self, row: MeterRow) -> None:
        known = self._system.head_end.state.meters.get(row.id)
        most = self._system.head_end.config.limits.commands_per_meter_max
        if known is not None and len(known.commands) >= most:
            raise Problem(HTTPStatus.CONFLICT, f"{most} commands wait for {row.serial} already; let them finish first.")

    def _audit(self, actor: str, action: str, subject: str, detail: str = "") -> None:
        at_ms = self._system.clock.now_ms()
        self._system.stores.records.add_audit(
            [AuditRow(at_ms=at_ms, actor=actor, action=action, subject=subject, detail=detail)]
        )


def _dealt_with(state: HeadEndState, number: int, run: _Run) -> bool:
    """Whether the meter rests, was tried since the order, and has nothing more to give for now."""
    meter = state.meters[number]
    tried = meter.id in run.busy or (meter.last_attempt_ms is not None and meter.last_attempt_ms >= run.requested_ms)
    given_up = meter.failures > 0 or meter.communication.circuit_open
    return meter.activity is Activity.IDLE and tried and (given_up or meter.asked_all)


def _still_to_come(state: HeadEndState, number: int, settled_s: int) -> int:
    """Slots known to be missing, and those that have passed since the last look."""
    return sum(
        len(coverage.missing) + max(0, coverage.profile.slot_at(settled_s) - coverage.until_slot)
        for coverage in state.meters[number].coverage
    )


def requester(row: CommandRow) -> str:
    """Who ordered a command, without the reference."""
    return row.requested_by.split(REFERENCE_MARK, 1)[0]


def _reference(requested_by: str, idempotency_key: str) -> str:
    if len(idempotency_key) > IDEMPOTENCY_KEY_CHARACTERS_MAX:
        raise refused(f"An idempotency key has at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters.")
    return f"{requested_by}{REFERENCE_MARK}{idempotency_key}" if idempotency_key else requested_by


def _check_argument(kind: CommandKind, argument: str) -> None:
    """Refuse at once what no meter has to be asked about. No digits of tokens are repeated."""
    try:
        check_argument(kind, argument)
    except ConfigError as error:
        raise refused(f"{_NO_SUCH.get(kind, 'Not ordered')}: {error}.") from error


def _same(earlier: CommandRow, kind: CommandKind, argument: str) -> CommandRow:
    if (earlier.kind, earlier.argument) != (kind.value, argument):
        raise Problem(HTTPStatus.CONFLICT, f"This idempotency key belongs to another command, number {earlier.id}.")
    return earlier
