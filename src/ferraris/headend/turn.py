"""One step of the head-end: the moment it happens at, the state it changes and the effects it collects."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferraris.headend.effects import Effect, RecordMeterState
from ferraris.headend.plan import CollectionPlan, HeadEndConfig, Limits
from ferraris.headend.state import Communication, HeadEndState, Meter
from ferraris.kernel.entropy import Entropy
from ferraris.store import MeterStateRow

MS_PER_S = 1_000


@dataclass(slots=True)
class Turn:
    """What the rules of the head-end work on."""

    now_ms: int
    config: HeadEndConfig
    state: HeadEndState
    entropy: Entropy
    effects: list[Effect] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        return self.config.limits

    @property
    def now_s(self) -> int:
        return self.now_ms // MS_PER_S

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def plan(self, meter: Meter) -> CollectionPlan:
        """The plan of the meter's group; a group without one follows the first."""
        return plan_of(self.config, meter.row.group)

    def jittered(self, delay_ms: int) -> int:
        """Between half and one and a half times `delay_ms`, so that meters that failed together return apart."""
        return int(delay_ms * (0.5 + self.entropy.uniform()))

    def enter(self, meter: Meter, communication: Communication) -> None:
        """Change a meter's state of communication, and the tally of the states."""
        self.state.by_communication[meter.communication] -= 1
        self.state.by_communication[communication] += 1
        meter.communication = communication

    def record(self, meter: Meter) -> None:
        """Have the meter's state kept in the record store."""
        self.emit(RecordMeterState(state_row(meter)))


def plan_of(config: HeadEndConfig, group: str) -> CollectionPlan:
    for plan in config.plans:
        if plan.group == group:
            return plan
    return config.plans[0]


def state_row(meter: Meter) -> MeterStateRow:
    """The meter's state as the record store keeps it."""
    return MeterStateRow(
        meter=meter.id,
        communication=meter.communication.value,
        last_seen_ms=meter.last_seen_ms,
        last_attempt_ms=meter.last_attempt_ms,
        failures=meter.failures,
        clock_offset_ms=meter.clock_offset_ms,
        commanded_control_state=meter.commanded_control_state,
        confirmed_control_state=meter.confirmed_control_state,
        events_until_s=meter.events_until_s,
        detail=meter.detail,
    )
