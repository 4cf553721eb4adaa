"""How the talk with a meter goes: good associations, failures, retries, and the circuit that opens when it is hopeless.

                      good association
        ┌──────────────────────────────────────────────┐
        ▼                                              │
    ok / late ──transient failure──► retry with growing, jittered rests
        │                              └─ budget used up ──► unreachable: one attempt a probe period
        ├──protection or counter refused──► read the meter's invocation counter as the public client
        │                              ├─ plausibly above ours: raise ours, try again
        │                              ├─ absurdly above ours: quarantined, alarm
        │                              ├─ the same: it took our last message, its answers are spoilt: retry as above
        │                              └─ below ours: wrong key, alarm, few attempts
        └──protocol broken, again and again──► quarantined, alarm, few attempts

The counter in the meter is read without protection, so anyone on the path may invent it. That is why it is followed only
a bounded way and a bounded number of times: a liar can waste a part of the counter's range, never all of it.
"""

from __future__ import annotations

from ferraris.headend.alarms import CONTACT_ALARMS, AlarmKind, close_alarm, raise_alarm
from ferraris.headend.clock_check import ClockVerdict
from ferraris.headend.collection import is_late
from ferraris.headend.effects import RaiseInvocationCounter
from ferraris.headend.failure import Failure, FailureKind
from ferraris.headend.state import Communication, Meter
from ferraris.headend.turn import Turn
from ferraris.headend.work import ClockChecked, InvocationCounterRead


def on_success(turn: Turn, meter: Meter) -> None:
    """The meter did its part: everything that was held against it is forgotten."""
    meter.failures = 0
    meter.suspicion = None
    meter.detail = ""
    meter.last_seen_ms = turn.now_ms
    for kind in CONTACT_ALARMS:
        close_alarm(turn, meter.id, kind)


def grade(turn: Turn, meter: Meter) -> None:
    """Ok, or late while old rows are still missing."""
    turn.enter(meter, Communication.LATE if is_late(turn, meter) else Communication.OK)


def on_failure(turn: Turn, meter: Meter, failure: Failure) -> None:
    """Decide when to try again, and what the operator should see until then."""
    turn.state.counts.associations_failed += 1
    if meter.progress or meter.storing:
        _forgive_silence(turn, meter)
    meter.failures += 1
    meter.detail = f"{failure.kind}: {failure.detail}"
    if failure.kind.transient:
        _on_transient(turn, meter, failure)
    elif failure.kind in {FailureKind.COUNTER, FailureKind.AUTHENTICATION}:
        _on_protection(turn, meter, failure)
    elif failure.kind is FailureKind.LOCAL:
        raise_alarm(turn, meter.id, AlarmKind.KEYS, failure.detail)
        _retry(turn, meter, turn.limits.backoff_max_ms)
    elif meter.failures < turn.limits.attempts_max:
        _back_off(turn, meter)
    else:
        _open_circuit(turn, meter, Communication.QUARANTINED, AlarmKind.QUARANTINED, failure.detail)


def on_counter_not_read(turn: Turn, meter: Meter, failure: Failure) -> None:
    """The association as the public client failed: try it again if that may help, else judge without it."""
    if failure.kind.transient:
        meter.counter_read_next = True
        on_failure(turn, meter, failure)
    else:
        turn.state.counts.associations_failed += 1
        conclude(turn, meter, f"its invocation counter cannot be read: {failure.detail}")


def on_counter_read(turn: Turn, meter: Meter, outcome: InvocationCounterRead) -> None:
    """Judge the counter that the meter shows: is ours behind, and if so, believably?"""
    ahead = outcome.value - outcome.ours
    if ahead == 0 < outcome.value and meter.suspicion is FailureKind.AUTHENTICATION:
        _distrust_answers(turn, meter)
    elif ahead <= 0:
        conclude(turn, meter, f"the meter's invocation counter {outcome.value} is not above ours")
    elif ahead > turn.limits.counter_jump_max or meter.counter_recoveries >= turn.limits.counter_recoveries_max:
        text = f"the meter claims invocation counter {outcome.value}, {ahead} above ours"
        _open_circuit(turn, meter, Communication.QUARANTINED, AlarmKind.COUNTER, text)
    else:
        meter.counter_recoveries += 1
        turn.emit(RaiseInvocationCounter(meter.id, outcome.value))
        meter.retry_ms = turn.now_ms


def _distrust_answers(turn: Turn, meter: Meter) -> None:
    """The meter took what we sent last, so our key is right. What it answers is spoilt, or another collector is us."""
    meter.suspicion = None
    if meter.failures < turn.limits.attempts_max:
        _back_off(turn, meter)
    else:
        text = (
            "the meter takes what we send, but its answers do not hold: a spoilt path, or two collectors of one title"
        )
        _open_circuit(turn, meter, Communication.QUARANTINED, AlarmKind.QUARANTINED, text)


def conclude(turn: Turn, meter: Meter, text: str) -> None:
    """The counter does not explain the failure that made us look at it."""
    if meter.suspicion is FailureKind.COUNTER:
        _open_circuit(turn, meter, Communication.QUARANTINED, AlarmKind.COUNTER, f"counter refused; {text}")
    else:
        _open_circuit(turn, meter, Communication.WRONG_KEY, AlarmKind.WRONG_KEY, f"protection does not hold; {text}")


def on_clock_checked(turn: Turn, meter: Meter, outcome: ClockChecked) -> None:
    """Keep the offset; a refused correction is an alarm, a deferred one is taken up when the period has ended."""
    meter.clock_offset_ms = outcome.offset_ms
    if outcome.verdict is ClockVerdict.REFUSE:
        text = f"the clock is {outcome.offset_ms} ms off, more than may be corrected"
        raise_alarm(turn, meter.id, AlarmKind.CLOCK, text)
        return
    close_alarm(turn, meter.id, AlarmKind.CLOCK)
    if outcome.verdict is ClockVerdict.SET:
        turn.state.counts.clocks_set += 1
    elif outcome.verdict is ClockVerdict.DEFER:
        rest_ms = abs(outcome.offset_ms) + 2 * (outcome.uncertainty_ms + turn.limits.clock_tolerance_ms)
        meter.retry_ms = turn.now_ms + rest_ms


def _forgive_silence(turn: Turn, meter: Meter) -> None:
    """It gave rows before the link was lost: it is within reach, and its budget of attempts is fresh."""
    meter.failures = 0
    meter.last_seen_ms = turn.now_ms
    for kind in (AlarmKind.UNREACHABLE, AlarmKind.BUSY):
        close_alarm(turn, meter.id, kind)
    if meter.communication is Communication.UNREACHABLE:
        turn.enter(meter, Communication.LATE)


def _on_transient(turn: Turn, meter: Meter, failure: Failure) -> None:
    if meter.communication.circuit_open:
        _retry(turn, meter, _probe_ms(turn, meter))
    elif meter.failures < turn.limits.attempts_max:
        _back_off(turn, meter)
    elif failure.kind is FailureKind.BUSY:
        raise_alarm(turn, meter.id, AlarmKind.BUSY, failure.detail)
        turn.enter(meter, Communication.LATE)
        _retry(turn, meter, turn.limits.probe_period_ms)
    else:
        _open_circuit(turn, meter, Communication.UNREACHABLE, AlarmKind.UNREACHABLE, failure.detail)


def _on_protection(turn: Turn, meter: Meter, failure: Failure) -> None:
    if meter.suspicion is None:
        meter.suspicion = failure.kind
        meter.counter_read_next = True
        meter.retry_ms = turn.now_ms
        if not meter.communication.circuit_open:
            turn.enter(meter, Communication.LATE)
    else:
        conclude(turn, meter, failure.detail)


def _back_off(turn: Turn, meter: Meter) -> None:
    if not meter.communication.circuit_open:
        turn.enter(meter, Communication.LATE)
    delay_ms = turn.limits.backoff_base_ms << min(meter.failures - 1, 20)
    _retry(turn, meter, min(delay_ms, turn.limits.backoff_max_ms))


def _open_circuit(turn: Turn, meter: Meter, communication: Communication, kind: AlarmKind, text: str) -> None:
    turn.enter(meter, communication)
    meter.suspicion = None
    meter.detail = text
    for other in CONTACT_ALARMS:
        if other is not kind:
            close_alarm(turn, meter.id, other)
    raise_alarm(turn, meter.id, kind, text)
    _retry(turn, meter, _probe_ms(turn, meter))


def _probe_ms(turn: Turn, meter: Meter) -> int:
    if meter.communication is Communication.UNREACHABLE:
        return turn.limits.probe_period_ms
    return turn.limits.quarantine_period_ms


def _retry(turn: Turn, meter: Meter, delay_ms: int) -> None:
    meter.retry_ms = turn.now_ms + turn.jittered(delay_ms)
