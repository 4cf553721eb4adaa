"""The table of states: every state can be reached, left and given up, in both roles, and the table is what the docs show."""

from __future__ import annotations

import pytest

from ferraris.dlms import TRANSITIONS, Role, Signal, State, diagram


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


@pytest.mark.parametrize("role", Role)
def test_every_state_can_be_left_without_giving_up(role: Role) -> None:
    for state, moves in TRANSITIONS[role].items():
        assert set(moves) - {Signal.ABORT}, state


def test_a_client_asks_and_a_server_starts_over() -> None:
    """A client moves on its own will, so it never answers in the middle; a server takes an AARQ wherever it stands."""
    for state, moves in TRANSITIONS[Role.CLIENT].items():
        assert (Signal.ASSOCIATE in moves) == (state is State.IDLE)
    for state, moves in TRANSITIONS[Role.SERVER].items():
        passing = state in (State.ASSOCIATION_PENDING, State.RELEASE_PENDING)  # left again before anything can arrive
        assert (Signal.ASSOCIATE in moves) != passing
        assert (Signal.RELEASE in moves) != passing


@pytest.mark.parametrize("role", Role)
def test_requests_are_for_those_who_are_associated(role: Role) -> None:
    asked = [state for state, moves in TRANSITIONS[role].items() if Signal.REQUEST in moves]
    answered = [state for state, moves in TRANSITIONS[role].items() if Signal.RESPONSE in moves]
    assert (asked, answered) == ([State.ASSOCIATED], [State.RESPONSE_PENDING])


@pytest.mark.parametrize("role", Role)
def test_with_hls_no_way_leads_around_the_authentication(role: Role) -> None:
    moves = TRANSITIONS[role][State.HLS_PENDING]
    assert [signal for signal, target in moves.items() if target is State.ASSOCIATED] == [Signal.HLS_PASSED]
