"""When each meter is read: a heap of due times, queues of the meters that wait for a free place, and the launching.

A step touches only the meters that are due or named in an event, never all of them.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from ferraris.headend import commands
from ferraris.headend.alarms import SYSTEM, AlarmKind
from ferraris.headend.collection import event_log_work, profile_work
from ferraris.headend.effects import Client, RunAssociation
from ferraris.headend.plan import CollectionPlan, HeadEndConfig
from ferraris.headend.state import Activity, HeadEndState, Meter
from ferraris.headend.turn import Turn
from ferraris.headend.work import CheckClock, CommandKind, LearnProfiles, ReadControlState, ReadInvocationCounter, Work

LEFTOVERS_MAX = 4
"""Heap entries a meter, on average, above which leftovers are swept out."""


def due_at(turn: Turn, meter: Meter, due_ms: int) -> None:
    """Let the meter rest until `due_ms`."""
    state = turn.state
    meter.activity = Activity.IDLE
    meter.due_ms = due_ms
    heappush(state.due, (due_ms, meter.id))
    if len(state.due) > LEFTOVERS_MAX * len(state.meters) + 64:
        state.due = [(other.due_ms, other.id) for other in state.meters.values() if other.activity is Activity.IDLE]
        heapify(state.due)


def hurry(turn: Turn, meter: Meter, due_ms: int) -> None:
    """Let a resting meter be due at `due_ms` if it would rest longer."""
    if meter.activity is Activity.IDLE and meter.due_ms > due_ms:
        due_at(turn, meter, due_ms)


def make_urgent(turn: Turn, meter: Meter) -> None:
    """Someone waits for this meter: it goes first."""
    if meter.urgent:
        hurry(turn, meter, turn.now_ms)
        return
    meter.urgent = True
    if meter.activity is Activity.READY:
        heappush(turn.state.urgent, (meter.due_ms, meter.id))
    else:
        hurry(turn, meter, turn.now_ms)


def rest(turn: Turn, meter: Meter) -> None:
    """An association and what it brought are dealt with: find the meter's next due time."""
    now_ms, limits = turn.now_ms, turn.limits
    due_ms = turn.plan(meter).next_round_ms(meter.row.serial, now_ms)
    if meter.store_failed:
        rest_ms = min(limits.backoff_base_ms << min(turn.state.store_failures, 20), limits.backoff_max_ms)
        due_ms = min(due_ms, now_ms + turn.jittered(rest_ms))
    elif meter.failures == 0 and meter.progress and not meter.asked_all:
        due_ms = now_ms + limits.backfill_pause_ms
    if meter.retry_ms is not None:
        due_ms = meter.retry_ms if meter.failures else min(due_ms, meter.retry_ms)
    meter.urgent = bool(meter.commands)
    if meter.urgent and meter.failures == 0:
        due_ms = min(due_ms, now_ms + limits.backfill_pause_ms)
    meter.retry_ms, meter.store_failed, meter.progress = None, False, False
    due_at(turn, meter, due_ms)


def next_due_ms(state: HeadEndState) -> int | None:
    """When the first resting meter is due."""
    while state.due and not _resting(state, *state.due[0]):
        heappop(state.due)
    return state.due[0][0] if state.due else None


def launch(turn: Turn) -> None:
    """Queue the meters that are due, and start as many associations as there are free places."""
    state, limits = turn.state, turn.limits
    while state.due and state.due[0][0] <= turn.now_ms:
        due_ms, number = heappop(state.due)
        if _resting(state, due_ms, number):
            _queue(turn, state.meters[number])
    while state.running_count < limits.concurrency_max + limits.urgent_reserve:
        meter = _next_ready(state, state.urgent, urgent=True)
        if meter is None:
            break
        _start(turn, meter)
    while _serve_groups(turn):
        pass


def _serve_groups(turn: Turn) -> bool:
    """Start what the groups have places for. True if a meter was found in the queue of a group that it has left."""
    state, limits = turn.state, turn.limits
    moved = False
    # A store that fails is tried with one meter at a time.
    places = 1 if (SYSTEM, AlarmKind.STORE.value) in state.alarms else limits.concurrency_max
    for plan in by_priority(turn.config):
        queue = state.ready.get(plan.group, [])
        while queue and state.running_count < places and state.storing_count < limits.storing_max:
            if state.running.get(plan.group, 0) >= plan.concurrency_max:
                break
            meter = _next_ready(state, queue, urgent=False)
            if meter is None:
                continue
            if turn.plan(meter).group == plan.group:
                _start(turn, meter)
            else:
                _queue(turn, meter)
                moved = True
    return moved


def by_priority(config: HeadEndConfig) -> list[CollectionPlan]:
    return sorted(config.plans, key=lambda plan: plan.priority)


def _resting(state: HeadEndState, due_ms: int, number: int) -> bool:
    meter = state.meters[number]
    return meter.activity is Activity.IDLE and meter.due_ms == due_ms


def _queue(turn: Turn, meter: Meter) -> None:
    meter.activity = Activity.READY
    queue = turn.state.urgent if meter.urgent else turn.state.ready.setdefault(turn.plan(meter).group, [])
    heappush(queue, (meter.due_ms, meter.id))


def _next_ready(state: HeadEndState, queue: list[tuple[int, int]], *, urgent: bool) -> Meter | None:
    """Take the first meter that still waits in this queue."""
    while queue:
        due_ms, number = heappop(queue)
        meter = state.meters[number]
        if meter.activity is Activity.READY and meter.due_ms == due_ms and meter.urgent == urgent:
            return meter
    return None


def _start(turn: Turn, meter: Meter) -> None:
    state = turn.state
    group = turn.plan(meter).group
    state.last_association += 1
    state.running_count += 1
    state.running[group] = state.running.get(group, 0) + 1
    state.counts.associations += 1
    meter.activity = Activity.RUNNING
    meter.association = state.last_association
    meter.place = group
    meter.last_attempt_ms = turn.now_ms
    meter.counter_reading, meter.counter_read_next = meter.counter_read_next, False
    if meter.counter_reading:
        work: tuple[Work, ...] = (ReadInvocationCounter(),)
        turn.emit(RunAssociation(meter.association, meter.id, work, Client.PUBLIC))
    else:
        turn.emit(RunAssociation(meter.association, meter.id, _work(turn, meter)))


def _work(turn: Turn, meter: Meter) -> tuple[Work, ...]:
    """Everything that one association shall do: the clock, commands, rows, events."""
    commands.expire(turn, meter)
    asked = commands.command_work(turn, meter)
    kinds = {command.kind for command in meter.commands}
    work: list[Work] = [_check_clock(turn, meter), *asked]
    if kinds & set(commands.TARGETS) or meter.confirmed_control_state is None:
        work += [ReadControlState()] if ReadControlState() not in asked else []
    if CommandKind.SET_CLOCK in kinds:
        work.append(_check_clock(turn, meter))
    work += [LearnProfiles(meter.unknown)] if meter.unknown else []
    work += profile_work(turn, meter)
    if turn.plan(meter).event_log:
        work.append(event_log_work(turn, meter))
    return tuple(work)


def _check_clock(turn: Turn, meter: Meter) -> CheckClock:
    limits = turn.limits
    periods_s = [coverage.profile.capture_period_s for coverage in meter.coverage]
    return CheckClock(limits.clock_tolerance_ms, limits.clock_guard_ms, min(periods_s, default=900))
