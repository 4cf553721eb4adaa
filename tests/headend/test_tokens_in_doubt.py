"""Tokens on their way through a head-end to which everything happens: each is executed at most once, and its fate is told right.

Hypothesis drives one prepayment meter and one head-end: associations fail before the token left, after it left, after the
meter took it; the head-end crashes, plans and rows change, operators order other things meanwhile. The meter keeps a ledger of
what it has executed, as a real one does: the same token a second time is *used*.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ferraris.cosem import TokenStatusCode
from ferraris.headend import (
    CollectionPlan,
    CollectionRequested,
    CommandAnswered,
    CommandKind,
    CommandPosted,
    CommandSent,
    Failure,
    FailureKind,
    HeadEndConfig,
    Limits,
    MeterRegistered,
    Outcome,
    PerformCommand,
    TokenEntry,
    entry_detail,
    settles,
    tokens_of,
    told_of,
)
from ferraris.store import CommandState
from tests.headend.world import FieldMeter, World

HOUR_MS = 3_600_000
LIMITS = Limits(start_spread_ms=0, command_expiry_ms=4 * HOUR_MS, token_expiry_ms=40 * HOUR_MS)
OPEN = {CommandState.PENDING, CommandState.SENT, CommandState.UNKNOWN}
GROUPS = ("default", "west", "nowhere")
GARBAGE = "9"
"""Tokens that begin with it are none of this meter's."""


class Prepaid(World):
    """A world whose meters take tokens, and whose hands may drop the answer to one."""

    def __init__(self, config: HeadEndConfig) -> None:
        super().__init__(config)
        self.executed: list[str] = []
        self.answer_lost = False

    def restart(self) -> None:
        self.config = self.head_end.config
        super().restart()

    def _command(self, meter: FieldMeter, work: PerformCommand) -> list[Outcome]:
        if work.kind is not CommandKind.ENTER_TOKEN:
            return super()._command(meter, work)
        row = self.command_rows[work.command]
        assert (row.state is CommandState.PENDING) is not work.again, "told wrongly whether it was sent before"
        self.command_rows[work.command] = replace(row, state=CommandState.SENT)
        entries = [self._enter(token) for token in tokens_of(work.argument)]
        sent = CommandSent(work.command)
        if self.answer_lost:
            return [sent]
        return [sent, CommandAnswered(work.command, settles(entries), entry_detail(entries, again=work.again))]

    def _enter(self, token: str) -> TokenEntry:
        if token.startswith(GARBAGE):
            return TokenEntry(token, TokenStatusCode.AUTHENTICATION_FAILURE, "crc_error")
        if token in self.executed:
            return TokenEntry(token, TokenStatusCode.VALIDATION_FAILURE, "used_error")
        self.executed.append(token)
        return TokenEntry(token, TokenStatusCode.TOKEN_EXECUTION_OK, "accept")


class TokenMachine(RuleBasedStateMachine):
    """One meter, many tokens, no mercy."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Prepaid(HeadEndConfig((CollectionPlan("default"), CollectionPlan("west")), LIMITS))
        self.last = 0

    @initialize()
    def register(self) -> None:
        self.world.add_meter(1, depth_rows=5_000)

    @rule(count=st.integers(1, 3), good=st.booleans())
    def tokens_are_sold(self, count: int, good: bool) -> None:
        self.last += 1
        tokens = [f"{'' if good else GARBAGE}{self.last * 10 + place:019}".zfill(20)[:20] for place in range(count)]
        self.world.post(self.last, 1, CommandKind.ENTER_TOKEN, ",".join(tokens))

    @rule(argument=st.sampled_from(["", "123", "1" * 21, "x" * 20, ",", "1" * 20 + ","]))
    def nonsense_is_sold(self, argument: str) -> None:
        self.last += 1
        self.world.post(self.last, 1, CommandKind.ENTER_TOKEN, argument)
        row = self.world.command_rows[self.last]
        assert row.state is CommandState.FAILED
        assert "token" in row.detail

    @rule(kind=st.sampled_from([CommandKind.DISCONNECT, CommandKind.RECONNECT, CommandKind.READ_NOW]))
    def an_operator_orders_something_else(self, kind: CommandKind) -> None:
        self.last += 1
        self.world.post(self.last, 1, kind)

    @precondition(lambda self: self.last)
    @rule(pick=st.integers(0, 99))
    def an_order_is_told_twice(self, pick: int) -> None:
        """The queue gives it again: whatever is open already stays one."""
        command = 1 + pick % self.last
        if self.world.command_rows[command].state in OPEN:
            before = set(self.world.head_end.state.commands)
            self.world.step(CommandPosted(self.world.command_rows[command]))
            assert set(self.world.head_end.state.commands) == before

    @precondition(lambda self: self.world.running)
    @rule(lost=st.booleans(), after=st.one_of(st.none(), st.integers(0, 4)), kind=st.sampled_from(list(FailureKind)))
    def an_association_ends(self, lost: bool, after: int | None, kind: FailureKind) -> None:
        (association,) = self.world.running
        self.world.answer_lost = lost
        failure = None if after is None and not lost else Failure(kind, "injected")
        self.world.finish(association, after=after, failure=failure)
        self.world.answer_lost = False

    @rule(minutes=st.integers(1, 400))
    def time_passes(self, minutes: int) -> None:
        self.world.advance_to(self.world.now_ms + minutes * 60_000)

    @rule()
    def what_is_due_happens(self) -> None:
        self.world.store_all()
        wake_ms = self.world.head_end.wake_at()
        if wake_ms is not None:
            self.world.advance_to(wake_ms)

    @rule()
    def the_head_end_crashes(self) -> None:
        self.world.restart()

    @rule(group=st.sampled_from(GROUPS[:2]), period_s=st.sampled_from([900, 3_600, 86_400]), places=st.integers(1, 3))
    def a_plan_changes(self, group: str, period_s: int, places: int) -> None:
        plan = CollectionPlan(group, period_s=period_s, offset_s=0, spread_s=60, concurrency_max=places)
        config = self.world.head_end.config
        plans = tuple(plan if other.group == group else other for other in config.plans)
        self.world.head_end.config = replace(config, plans=plans)

    @rule(group=st.sampled_from(GROUPS))
    def the_meter_moves_to_another_group(self, group: str) -> None:
        meter = self.world.meters[1]
        meter.row = replace(meter.row, group=group)
        coverage = self.world.head_end.state.meters[1].coverage
        self.world.step(MeterRegistered(meter.row, tuple(one.profile for one in coverage)))

    @rule(group=st.sampled_from([None, *GROUPS]))
    def somebody_asks_to_collect(self, group: str | None) -> None:
        self.world.step(CollectionRequested(group, None))

    # What holds at every step

    @invariant()
    def nothing_is_executed_twice(self) -> None:
        assert len(set(self.world.executed)) == len(self.world.executed)

    @invariant()
    def what_is_confirmed_is_in_the_meter_and_what_failed_is_not(self) -> None:
        for row in self.world.command_rows.values():
            if row.kind != CommandKind.ENTER_TOKEN.value:
                continue
            if row.state is CommandState.CONFIRMED:
                assert tokens_of(row.argument)[-1] in self.world.executed
                assert told_of(row.detail)[0] in ("accept", "used_error")
            elif row.state is CommandState.FAILED and row.detail.startswith("not sent in time"):
                assert not set(row.argument.split(",")) & set(self.world.executed)
            elif row.state is CommandState.FAILED:
                assert row.argument.split(",")[-1] not in self.world.executed

    @invariant()
    def one_association_at_a_time_and_its_places_are_given_back(self) -> None:
        state = self.world.head_end.state
        assert len(self.world.running) == state.running_count == sum(state.running.values()) <= 1
        assert all(count >= 0 for count in state.running.values())
        assert {row.id for row in self.world.command_rows.values() if row.state in OPEN} == set(state.commands)

    def teardown(self) -> None:
        """The faults stop: every token finds its fate, and those that are the meter's are in it unless they came too late."""
        world = self.world
        world.run_until(world.now_ms // 1_000 + 36 * 3_600)
        assert not [row for row in world.command_rows.values() if row.state in OPEN]
        for row in world.command_rows.values():
            if row.kind == CommandKind.ENTER_TOKEN.value and row.argument[:1] == "0":
                late = row.detail.startswith(("not sent in time", "too many commands"))
                assert (row.state is CommandState.CONFIRMED) is not late, row


TestTokenMachine = TokenMachine.TestCase
TestTokenMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
