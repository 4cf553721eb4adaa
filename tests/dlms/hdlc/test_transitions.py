"""The table of a data link connection's states."""

from __future__ import annotations

import pytest

from ferraris.dlms.hdlc import LINK_TRANSITIONS, LinkSignal, LinkState, Station, link_diagram


@pytest.mark.parametrize("station", Station)
def test_every_state_can_be_reached_and_left(station: Station) -> None:
    table = LINK_TRANSITIONS[station]
    reached = {LinkState.DISCONNECTED}
    while more := {target for state in reached for target in table[state].values()} - reached:
        reached |= more
    assert reached == set(table)
    assert all(table.values())


@pytest.mark.parametrize("station", Station)
def test_every_state_but_the_first_can_be_lost(station: Station) -> None:
    for state, moves in LINK_TRANSITIONS[station].items():
        assert moves.get(LinkSignal.LOSE, LinkState.DISCONNECTED) is LinkState.DISCONNECTED
        assert (LinkSignal.LOSE in moves) is (state is not LinkState.DISCONNECTED)


def test_only_a_secondary_rejects_and_only_a_new_connection_mends_it() -> None:
    assert LinkState.REJECTING not in LINK_TRANSITIONS[Station.PRIMARY]
    moves = LINK_TRANSITIONS[Station.SECONDARY][LinkState.REJECTING]
    assert [signal for signal, target in moves.items() if target is LinkState.CONNECTED] == [LinkSignal.CONNECT]


@pytest.mark.parametrize("station", Station)
def test_the_diagram_names_every_move(station: Station) -> None:
    lines = link_diagram(station).splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> DISCONNECTED"]
    assert len(lines) - 2 == sum(map(len, LINK_TRANSITIONS[station].values()))
    assert "    DISCONNECTED --> " in "\n".join(lines)
