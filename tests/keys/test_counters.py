"""Invocation counters: no value is ever given twice, whatever crashes; received ones only rise."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ferraris.kernel.errors import InvocationCounterError, SecurityError, StoreError
from ferraris.kernel.limits import (
    INVOCATION_COUNTER_BLOCK,
    INVOCATION_COUNTER_MAX,
    INVOCATION_COUNTER_RAISE_MAX,
    INVOCATION_COUNTER_SENDERS_MAX,
)
from ferraris.keys import NEVER_ACCEPTED, CounterGuard, ReservedCounter

HEADEND = b"FERHES01"
METER = b"FER\x00\x00\x00\x00\x01"


class Disk:
    """Holds the mark; can be told to fail just before or just after the next write, as a crash would."""

    def __init__(self, mark: int | None = None) -> None:
        self.mark = mark
        self.writes: list[int] = []
        self.fail_before = False
        self.fail_after = False

    def reserve(self, up_to: int) -> None:
        if self.fail_before:
            raise StoreError("disk full")
        self.mark = up_to
        self.writes.append(up_to)
        if self.fail_after:
            raise StoreError("power lost after the write")


def test_values_rise_one_by_one_from_one_and_every_block_is_written_once() -> None:
    disk = Disk()
    counter = ReservedCounter(None, disk.reserve, block=4)
    assert [counter.take() for _ in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert disk.writes == [4, 8, 12]


def test_the_block_is_on_disk_before_its_first_value_is_given() -> None:
    seen: list[int] = []
    counter = ReservedCounter(99, seen.append, block=10)
    assert seen == []
    assert (counter.take(), seen, counter.reserved) == (100, [109], 109)


def test_the_default_block_makes_a_write_rare() -> None:
    disk = Disk()
    counter = ReservedCounter(None, disk.reserve)
    for _ in range(3 * INVOCATION_COUNTER_BLOCK):
        counter.take()
    assert len(disk.writes) == 3


def test_after_a_restart_the_rest_of_the_block_is_left_alone() -> None:
    disk = Disk()
    first = ReservedCounter(disk.mark, disk.reserve, block=8)
    assert [first.take() for _ in range(3)] == [1, 2, 3]
    assert ReservedCounter(disk.mark, disk.reserve, block=8).take() == 9


def test_a_failed_reservation_takes_nothing_and_can_be_tried_again() -> None:
    disk = Disk()
    counter = ReservedCounter(None, disk.reserve, block=2)
    disk.fail_before = True
    with pytest.raises(StoreError):
        counter.take()
    disk.fail_before = False
    assert [counter.take(), counter.take()] == [1, 2]


def test_the_last_value_is_given_and_then_the_key_must_be_changed() -> None:
    disk = Disk()
    counter = ReservedCounter(INVOCATION_COUNTER_MAX - 2, disk.reserve)
    assert [counter.take(), counter.take()] == [INVOCATION_COUNTER_MAX - 1, INVOCATION_COUNTER_MAX]
    assert disk.writes == [INVOCATION_COUNTER_MAX]
    for _ in range(2):
        with pytest.raises(SecurityError, match="key must be changed"):
            counter.take()
    with pytest.raises(InvocationCounterError):
        ReservedCounter(disk.mark, disk.reserve).take()
    assert disk.writes == [INVOCATION_COUNTER_MAX]


def test_raise_to_moves_up_and_never_down() -> None:
    disk = Disk()
    counter = ReservedCounter(None, disk.reserve, block=10)
    counter.take()
    counter.raise_to(5)
    assert (counter.take(), disk.writes) == (5, [10])
    counter.raise_to(2)
    assert counter.take() == 6
    counter.raise_to(5_000)
    assert (counter.take(), disk.writes) == (5_000, [10, 5_009])


def test_the_last_value_taken_is_told() -> None:
    counter = ReservedCounter(None, Disk().reserve)
    assert counter.last_taken == 0
    counter.take()
    assert counter.last_taken == 1
    assert ReservedCounter(1024, Disk().reserve).last_taken == 1024


def test_a_peer_cannot_use_up_a_key_by_its_word() -> None:
    counter = ReservedCounter(None, Disk().reserve)
    counter.raise_to(INVOCATION_COUNTER_RAISE_MAX)
    with pytest.raises(InvocationCounterError, match="use up the key"):
        counter.raise_to(INVOCATION_COUNTER_RAISE_MAX + 1)
    assert counter.take() == INVOCATION_COUNTER_RAISE_MAX


def test_a_block_holds_at_least_one_value() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ReservedCounter(None, Disk().reserve, block=0)


class CrashingSender(RuleBasedStateMachine):
    """Take, raise, crash, restart, fail before and after each write, in any order; the disk alone survives a crash."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = Disk()
        self.given: list[int] = []
        self.block = 3
        self.counter = ReservedCounter(None, self.disk.reserve, block=self.block)

    @rule(count=st.integers(1, 10))
    def take(self, count: int) -> None:
        for _ in range(count):
            try:
                self.given.append(self.counter.take())
            except InvocationCounterError:
                assert self.disk.mark == INVOCATION_COUNTER_MAX

    @rule(before=st.booleans())
    def take_while_the_disk_fails(self, before: bool) -> None:
        self.disk.fail_before, self.disk.fail_after = before, not before
        with contextlib.suppress(StoreError, InvocationCounterError):
            self.given.append(self.counter.take())
        self.disk.fail_before = self.disk.fail_after = False

    @rule(block=st.integers(1, 7))
    def crash_and_restart(self, block: int) -> None:
        self.block = block
        self.counter = ReservedCounter(self.disk.mark, self.disk.reserve, block=block)

    @rule(minimum=st.integers(0, 60) | st.integers(INVOCATION_COUNTER_RAISE_MAX - 5, INVOCATION_COUNTER_RAISE_MAX))
    def meter_demands_more(self, minimum: int) -> None:
        self.counter.raise_to(minimum)

    @rule(left=st.integers(0, 12))
    def long_service_goes_by(self, left: int) -> None:
        """Another process life used the key nearly to its end, then this one starts."""
        self.disk.mark = max(self.disk.mark or 0, INVOCATION_COUNTER_MAX - left)
        self.counter = ReservedCounter(self.disk.mark, self.disk.reserve, block=self.block)

    @invariant()
    def no_value_is_given_twice(self) -> None:
        assert all(earlier < later for earlier, later in zip(self.given, self.given[1:], strict=False))

    @invariant()
    def no_value_is_given_that_the_disk_does_not_know(self) -> None:
        assert not self.given or self.given[-1] <= (self.disk.mark or 0) <= INVOCATION_COUNTER_MAX


TestCrashingSender = CrashingSender.TestCase
TestCrashingSender.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


# Received counters


def test_a_guard_accepts_only_above_the_last_and_persists_before_it_returns() -> None:
    persisted: list[tuple[bytes, int]] = []
    guard = CounterGuard({}, lambda title, value: persisted.append((title, value)))
    table = """
        0   accepted
        0   refused
        1   accepted
        7   accepted
        6   refused
        7   refused
        8   accepted
    """
    for line in table.split("\n")[1:-1]:
        received, verdict = line.split()
        if verdict == "accepted":
            guard.accept(METER, int(received))
            assert persisted[-1] == (METER, int(received))
        else:
            with pytest.raises(InvocationCounterError, match="replayed or rolled back"):
                guard.accept(METER, int(received))
    assert guard.last_accepted(METER) == 8


def test_senders_are_counted_apart() -> None:
    guard = CounterGuard({METER: 100}, lambda title, value: None)
    guard.accept(HEADEND, 5)
    with pytest.raises(InvocationCounterError):
        guard.accept(METER, 100)
    guard.accept(METER, 101)
    assert (guard.last_accepted(HEADEND), guard.last_accepted(METER)) == (5, 101)
    assert guard.last_accepted(b"nobody..") == NEVER_ACCEPTED


def test_a_counter_that_could_not_be_persisted_is_not_accepted() -> None:
    def persist(title: bytes, value: int) -> None:
        raise StoreError("disk full")

    guard = CounterGuard({METER: 3}, persist)
    with pytest.raises(StoreError):
        guard.accept(METER, 4)
    assert guard.last_accepted(METER) == 3


def test_a_value_beyond_32_bits_is_refused() -> None:
    guard = CounterGuard({}, lambda title, value: None)
    guard.accept(METER, INVOCATION_COUNTER_MAX)
    with pytest.raises(InvocationCounterError):
        guard.accept(METER, INVOCATION_COUNTER_MAX + 1)


def test_strangers_cannot_fill_the_memory() -> None:
    guard = CounterGuard({}, lambda title, value: None)
    for number in range(INVOCATION_COUNTER_SENDERS_MAX):
        guard.accept(number.to_bytes(8, "big"), 1)
    with pytest.raises(InvocationCounterError, match="too many senders"):
        guard.accept(b"onemore.", 1)
    guard.accept(bytes(8), 2)


@given(st.lists(st.tuples(st.sampled_from([METER, HEADEND]), st.integers(0, 20), st.booleans()), max_size=60))
def test_no_counter_is_accepted_twice_over_any_restarts(steps: list[tuple[bytes, int, bool]]) -> None:
    disk: dict[bytes, int] = {}
    guard = CounterGuard(disk, disk.__setitem__)
    accepted: list[tuple[bytes, int]] = []
    for title, value, restart in steps:
        if restart:
            guard = CounterGuard(dict(disk), disk.__setitem__)
        with contextlib.suppress(InvocationCounterError):
            guard.accept(title, value)
            accepted.append((title, value))
    assert len(set(accepted)) == len(accepted)
    for title in (METER, HEADEND):
        values = [value for sender, value in accepted if sender == title]
        assert values == sorted(values)
