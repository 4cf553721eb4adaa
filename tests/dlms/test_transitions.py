"""The table of states: every state can be reached, left and given up, in both roles, and the table is what the docs show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import TRANSITIONS, AssociationSettings, Role, Signal, State, diagram
from ferraris.dlms.machine import Machine
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LocalProtocolError, RemoteProtocolError


@pytest.mark.parametrize("role", Role)
def test_every_state_is_reached_and_can_be_given_up(role: Role) -> None:
    table = TRANSITIONS[role]
    assert set(table) == set(State)
    reached, waiting = {State.IDLE}, [State.IDLE]
    while waiting:
        for target in table[waiting.pop()].values():
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(State)
    assert all(moves[Signal.ABORT] is State.IDLE for moves in table.values())


@pytest.mark.parametrize("role", Role)
def test_the_diagram_shows_every_move(role: Role) -> None:
    lines = diagram(role).splitlines()
    for state, moves in TRANSITIONS[role].items():
        for signal, target in moves.items():
            assert f"    {state.name} --> {target.name}: {signal.name}" in lines
    assert len(lines) == 2 + sum(map(len, TRANSITIONS[role].values()))


@given(st.sampled_from(Role), st.lists(st.tuples(st.sampled_from(Signal), st.booleans()), max_size=30))
def test_a_machine_moves_by_the_table_or_not_at_all(role: Role, signals: list[tuple[Signal, bool]]) -> None:
    machine = Machine(role, AssociationSettings(), SeededEntropy(1))
    for signal, by_peer in signals:
        before = machine.state
        expected = TRANSITIONS[role][before].get(signal)
        if expected is None:
            with pytest.raises(RemoteProtocolError if by_peer else LocalProtocolError):
                machine.move(signal, by_peer=by_peer)
            assert machine.state is before
        else:
            machine.wait()
            machine.move(signal, by_peer=by_peer)
            assert machine.state is expected
            assert machine.deadline_ms is None
