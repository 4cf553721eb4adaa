"""Ten thousand meters: what the head-end keeps stays bounded, and what it does is counted, not timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from ferraris.headend import (
    AssociationFinished,
    CollectionPlan,
    CollectionRequested,
    Effect,
    Failure,
    FailureKind,
    HeadEnd,
    HeadEndConfig,
    KnownCoverage,
    Limits,
    MeterRegistered,
    ProfileRead,
    PushFault,
    PushRejected,
    ReadingsStored,
    ReadProfile,
    Restarted,
    RestartedMeter,
    RunAssociation,
    StoreReadings,
    collectable,
    list_meters,
    overview,
)
from ferraris.kernel.entropy import SeededEntropy
from ferraris.store import Readings
from tests.headend.world import LOAD, START_S, meter_row

METERS = 10_000
HOUR_MS = 3_600_000
BEGIN_MS = START_S * 1_000
DEAD = Failure(FailureKind.UNREACHABLE, "no route to host")
HEAP_MAX = 4 * METERS + 65


class City:
    """A head-end and as many meters, each association answered at once with one reading a slot asked for."""

    def __init__(self, count: int = METERS, *, limits: Limits | None = None, dead: range = range(0)) -> None:
        self.config = HeadEndConfig((CollectionPlan(concurrency_max=256),), limits or Limits())
        self.head_end = HeadEnd(self.config, SeededEntropy(5))
        self.now_ms = BEGIN_MS
        self.dead = dead
        self.stored: Counter[int] = Counter()
        self.attempts: Counter[int] = Counter()
        self.steps = 0
        self.due_max = 0
        self.running_max = 0
        self.take(
            self.head_end.step(self.now_ms, [MeterRegistered(meter_row(n), (LOAD,)) for n in range(1, count + 1)])
        )

    def take(self, effects: list[Effect]) -> None:
        """Perform effects, and feed what comes of them back until nothing is left to do now."""
        while effects:
            self.running_max = max(self.running_max, self.head_end.state.running_count)
            events = [event for effect in effects for event in self._answer(effect)]
            effects = self.head_end.step(self.now_ms, events) if events else []
            self.steps += bool(events)
        self.due_max = max(self.due_max, len(self.head_end.state.due))

    def _answer(self, effect: Effect) -> Iterator[AssociationFinished | ReadingsStored]:
        if isinstance(effect, StoreReadings):
            self.stored[effect.meter] += sum(last - first + 1 for first, last in effect.slots)
            yield ReadingsStored(effect)
        elif isinstance(effect, RunAssociation):
            self.attempts[effect.meter] += 1
            if effect.meter in self.dead:
                yield AssociationFinished(effect.association, effect.meter, (), DEAD)
            else:
                outcomes = tuple(
                    self._read(effect.meter, work) for work in effect.work if isinstance(work, ReadProfile)
                )
                yield AssociationFinished(effect.association, effect.meter, outcomes)

    def _read(self, meter: int, work: ReadProfile) -> ProfileRead:
        slots = range(work.first_slot, work.last_slot + 1)
        return ProfileRead(work, Readings.from_rows([(meter, 1, slot * 900, slot, 0) for slot in slots]))

    def live_until(self, end_ms: int, step_ms: int = 1_000) -> None:
        """Let the time pass in steps of at least `step_ms`: whoever is due in between is taken at the end of the step."""
        while (wake_ms := self.head_end.wake_at()) is not None and wake_ms <= end_ms:
            self.now_ms = max(wake_ms, self.now_ms + step_ms)
            self.steps += 1
            self.take(self.head_end.step(self.now_ms))


@pytest.fixture(scope="module")
def an_hour() -> City:
    """Ten thousand meters over a virtual hour and the round after it, a tenth of them out of reach."""
    city = City(dead=range(1, METERS // 10 + 1))
    city.live_until(BEGIN_MS + HOUR_MS + HOUR_MS // 2)
    return city


def test_everyone_within_reach_is_read_once_an_hour(an_hour: City) -> None:
    alive = [an_hour.attempts[number] for number in range(METERS // 10 + 1, METERS + 1)]
    assert (min(alive), max(alive)) == (3, 3), "at the start, and in the round of each hour"
    assert min(an_hour.stored[number] for number in range(METERS // 10 + 1, METERS + 1)) >= 4


def test_those_out_of_reach_cost_a_bounded_number_of_attempts(an_hour: City) -> None:
    dead = [an_hour.attempts[number] for number in an_hour.dead]
    assert max(dead) <= 4 + 6, "four in a round, then one in half an hour or sooner, by jitter"
    assert len(an_hour.head_end.state.alarms) == len(dead)


def test_heaps_queues_and_tallies_stay_bounded(an_hour: City) -> None:
    state = an_hour.head_end.state
    assert an_hour.due_max <= HEAP_MAX
    assert sum(map(len, state.ready.values())) == 0
    assert state.urgent == []
    assert an_hour.running_max <= 256
    assert (state.running_count, state.storing_count) == (0, 0)
    assert sum(state.by_communication.values()) == METERS
    assert all(coverage.missing.range_count <= 1 for meter in state.meters.values() for coverage in meter.coverage)


def test_a_step_is_worth_its_while(an_hour: City) -> None:
    """About one step to start and two to finish an association at most; far fewer when many are due together."""
    assert an_hour.steps <= 3 * an_hour.attempts.total()
    assert an_hour.head_end.state.counts.associations == an_hour.attempts.total()


def test_the_console_asks_without_walking_over_readings(an_hour: City) -> None:
    state = an_hour.head_end.state
    glance = overview(state)
    assert (glance.meters, glance.open_alarms) == (METERS, METERS // 10)
    assert glance.by_communication["unreachable"] == METERS // 10
    page = list_meters(state, search="unreach", limit=5, offset=990)
    assert (page.total, len(page.lines)) == (METERS // 10, 5)
    assert list_meters(state, limit=10**9).lines[-1].serial == "FER0000001000", "a page is bounded, whoever asks"
    assert collectable(state, START_S) == 0


def test_collecting_everything_at_once_is_bounded_too() -> None:
    """Somebody presses the button again and again: each meter is due once, and 256 run at a time."""
    city = City(1_000)
    city.live_until(BEGIN_MS + HOUR_MS)
    for _ in range(20):
        effects = city.head_end.step(city.now_ms, [CollectionRequested()])
        assert city.head_end.state.running_count <= 256
        assert len(city.head_end.state.due) <= 4 * 1_000 + 65
        queued = sum(map(len, city.head_end.state.ready.values()))
        assert queued + city.head_end.state.running_count <= 1_000
        city.take(effects)
    assert all(count >= 20 for count in city.attempts.values())


def test_a_flood_of_bad_pushes_is_one_alarm_a_kind() -> None:
    city = City(10)
    faults = [PushRejected(None, fault, f"from 10.0.0.{n % 250}") for n in range(10_000) for fault in PushFault]
    effects = city.head_end.step(city.now_ms, faults)
    assert len(effects) == len(PushFault)
    assert city.head_end.state.counts.pushes_rejected == 10_000 * len(PushFault)


def test_a_restart_with_everyone_spreads_the_first_attempts() -> None:
    """After a start nobody knows more than the stores: five thousand attempts over a minute, not in one moment."""
    city = City(0)
    until = LOAD.slot_at(START_S)
    known = KnownCoverage("LOAD_PROFILE", until, ((until - 95, until),), None)
    meters = tuple(RestartedMeter(meter_row(n, created_s=START_S - 86_400), (LOAD,), (known,)) for n in range(1, 5_001))
    effects = city.head_end.step(city.now_ms, [Restarted(meters)])
    assert len(effects) <= 8
    moments = Counter((due_ms - BEGIN_MS) // 1_000 for due_ms, _ in city.head_end.state.due)
    assert set(moments) == set(range(60))
    assert max(moments.values()) <= 3 * min(moments.values())
    city.take(effects)
    city.live_until(BEGIN_MS + 10_000)
    assert 600 <= len(city.stored) <= 1_100
    assert set(city.stored.values()) == {96}, "each of them had a whole day to give"


def test_a_full_store_holds_the_associations_back() -> None:
    """While more answers wait for the store than may, no association starts: memory is bounded by the writer's pace."""
    limits = Limits(start_spread_ms=0, storing_max=50, concurrency_max=20)
    head_end = HeadEnd(HeadEndConfig((CollectionPlan(),), limits), SeededEntropy(5))
    now_ms = BEGIN_MS + 2 * HOUR_MS
    effects = head_end.step(now_ms, [MeterRegistered(meter_row(n), (LOAD,)) for n in range(1, 501)])
    waiting: list[StoreReadings] = []
    for _ in range(100):
        ends = []
        for effect in effects:
            if isinstance(effect, RunAssociation):
                work = next(item for item in effect.work if isinstance(item, ReadProfile))
                row = Readings.from_rows([(effect.meter, 1, work.to_s, 1, 0)])
                ends.append(AssociationFinished(effect.association, effect.meter, (ProfileRead(work, row),)))
            elif isinstance(effect, StoreReadings):
                waiting.append(effect)
        if not ends:
            break
        effects = head_end.step(now_ms, ends)
        assert head_end.state.storing_count < 50 + 20
    assert 50 <= len(waiting) < 70
    started = head_end.step(now_ms, [ReadingsStored(batch) for batch in waiting])
    assert sum(isinstance(effect, RunAssociation) for effect in started) == 20
