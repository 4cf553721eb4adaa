"""The moving parts of an end: it moves by the table or not at all, and waits no longer than it must."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.dlms import TRANSITIONS, Aborted, AssociationSettings, Released, Role, Signal, State
from ferraris.dlms.apdu import GENERAL_BLOCK_TRANSFER, Conformance
from ferraris.dlms.machine import Machine
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import LinkClosedError, LocalProtocolError, RemoteProtocolError
from ferraris.kernel.limits import APDU_OCTETS_MAX
from tests.dlms.bottle import CLIENT_TITLE, SERVER_TITLE, settings


def machine(role: Role = Role.CLIENT, timeout_ms: int = 10_000) -> Machine:
    return Machine(role, AssociationSettings(response_timeout_ms=timeout_ms), SeededEntropy(1))


@given(st.sampled_from(Role), st.lists(st.tuples(st.sampled_from(Signal), st.booleans()), max_size=30))
def test_it_moves_by_the_table_or_not_at_all(role: Role, signals: list[tuple[Signal, bool]]) -> None:
    end = machine(role)
    for signal, by_peer in signals:
        before = end.state
        expected = TRANSITIONS[role][before].get(signal)
        if expected is None:
            with pytest.raises(RemoteProtocolError if by_peer else LocalProtocolError):
                end.move(signal, by_peer=by_peer)
            assert end.state is before
        else:
            end.wait()
            end.move(signal, by_peer=by_peer)
            assert end.state is expected
            assert end.deadline_ms is None


def test_a_move_that_is_not_allowed_says_what_is() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        machine().move(Signal.REQUEST)
    assert (caught.value.expected, caught.value.got, caught.value.state) == (
        "ASSOCIATE, PRE_ESTABLISH, ABORT",
        "REQUEST",
        "idle",
    )


def test_a_move_that_is_not_allowed_leaves_the_deadline() -> None:
    end = machine()
    end.move(Signal.ASSOCIATE)
    end.wait()
    with pytest.raises(RemoteProtocolError):
        end.move(Signal.RELEASED, by_peer=True)
    assert end.deadline_ms == 10_000


@given(st.integers(0, 10**15), st.integers(1, 10**6))
def test_the_deadline_counts_from_now(now_ms: int, timeout_ms: int) -> None:
    end = machine(timeout_ms=timeout_ms)
    end.now_ms = now_ms
    end.wait()
    assert end.deadline_ms == now_ms + timeout_ms


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", State)
def test_it_can_be_given_up_in_every_state(role: Role, state: State) -> None:
    end = machine(role)
    end.state = state
    end.deadline_ms = 5
    error = LinkClosedError("the link is gone")
    end.abort(error)
    assert end.state is State.IDLE
    assert end.events == [Aborted(error)]
    assert state is State.IDLE or end.deadline_ms is None


def test_what_is_told_and_what_is_sent_keep_their_order() -> None:
    end = machine()
    error = LinkClosedError("the link is gone")
    end.tell(Released())
    end.tell(Aborted(error))
    end.put(b"first")
    end.put(b"second")
    assert end.events == [Released(), Aborted(error)]
    assert end.outgoing == [b"first", b"second"]


def test_a_new_association_has_a_protection_of_its_own() -> None:
    end = Machine(Role.SERVER, settings(SERVER_TITLE), SeededEntropy(1))
    assert end.protection is None
    end.start()
    first = end.protection
    assert first is not None
    first.expect_from(CLIENT_TITLE)
    end.start()
    assert end.protection is not first
    assert end.protection is not None
    assert end.protection.peer_system_title == b""


def test_a_plain_context_has_no_protection() -> None:
    end = machine()
    end.start()
    assert end.protection is None


def blocks(role: Role = Role.CLIENT, pdu_size: int = 100) -> Machine:
    """An end that has agreed upon general block transfer."""
    end = machine(role)
    end.negotiated(Conformance.GENERAL_BLOCK_TRANSFER | Conformance.GET, pdu_size, 10_000)
    return end


@pytest.mark.parametrize("role", Role)
def test_general_block_transfer_begins_when_something_needs_it(role: Role) -> None:
    end = blocks(role)
    end.put(bytes(100))
    assert (end.outgoing, end.transfer_begun, end.in_transfer) == ([bytes(100)], None, False)
    end.put(bytes(101))
    assert end.transfer_begun is not None
    assert end.in_transfer
    assert [octets[0] for octets in end.outgoing] == [0, GENERAL_BLOCK_TRANSFER]
    assert end.transfer is end.transfer_begun


def test_what_is_wished_in_blocks_goes_in_blocks() -> None:
    end = blocks()
    end.put(bytes(10), in_blocks=True)
    assert [octets[0] for octets in end.outgoing] == [GENERAL_BLOCK_TRANSFER]


def test_a_peer_without_a_limit_takes_the_longest_apdu() -> None:
    end = blocks(pdu_size=0)
    end.put(bytes(APDU_OCTETS_MAX))
    assert end.transfer_begun is None
    assert end.transfer is not None
    assert end.transfer.pdu_size == APDU_OCTETS_MAX


def test_without_agreement_nothing_goes_in_blocks() -> None:
    end = machine()
    for agreed in (False, True):
        if agreed:
            end.negotiated(Conformance.GET, 100, 10_000)
        end.put(bytes(101), in_blocks=True)
        assert (end.outgoing.pop(), end.transfer) == (bytes(101), None)


@pytest.mark.parametrize("begun", [False, True])
def test_an_agreement_ends_with_its_association(begun: bool) -> None:
    for ended in (lambda end: end.start(), lambda end: end.abort(LinkClosedError("the link is gone"))):
        end = blocks()
        assert not begun or end.transfer is not None
        ended(end)
        assert (end.transfer, end.transfer_begun) == (None, None)
        end.negotiated(Conformance.GET, 100, 10_000)
        assert end.transfer is None


def test_another_agreement_has_a_transfer_of_its_own() -> None:
    end = blocks(pdu_size=100)
    first = end.transfer
    end.negotiated(Conformance.GENERAL_BLOCK_TRANSFER, 200, 10_000)
    assert end.transfer is not first
    assert end.transfer is not None
    assert end.transfer.pdu_size == 200
