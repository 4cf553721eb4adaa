"""The named limits hang together: none is zero, none contradicts another."""

from __future__ import annotations

import ast
import inspect

import pytest

from ferraris.kernel import limits

NAMES = [name for name in vars(limits) if name.isupper()]


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_a_positive_number(name: str) -> None:
    value = getattr(limits, name)
    assert isinstance(value, int | float)
    assert value > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_name_says_what_is_counted(name: str) -> None:
    words = name.split("_")
    assert len(words) >= 2, "a limit names the thing and what is counted"
    assert not {"BYTES", "LEN", "SIZE_OF"} & set(words), "octets, counts and depths"


def test_every_limit_is_stated_once_and_final() -> None:
    tree = ast.parse(inspect.getsource(limits))
    stated = [node for node in tree.body if isinstance(node, ast.AnnAssign)]
    names = [node.target.id for node in stated if isinstance(node.target, ast.Name)]
    assert sorted(names) == sorted(set(names)) == sorted(NAMES)
    assert all(ast.unparse(node.annotation).startswith("Final") for node in stated)


def test_a_reassembled_result_may_be_larger_than_one_apdu() -> None:
    assert limits.BLOCK_TRANSFER_OCTETS_MAX > limits.APDU_OCTETS_MAX


def test_sizes_are_in_order() -> None:
    assert limits.PDU_SIZE_MIN < limits.APDU_OCTETS_MAX <= 0xFFFF
    assert limits.CHALLENGE_OCTETS_MIN < limits.CHALLENGE_OCTETS_MAX
    assert limits.HDLC_FRAME_OCTETS_MAX < limits.HDLC_REASSEMBLY_OCTETS_MAX


def test_counters_fit_their_octets() -> None:
    assert limits.INVOCATION_COUNTER_MAX == 2**32 - 1
