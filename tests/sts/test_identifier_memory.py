"""The memory of token identifiers: what is old, what was used, and what it holds in the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.limits import TOKEN_IDENTIFIERS_REMEMBERED
from ferraris.sts import TokenResult, remembered_of, remembered_with, result_by_memory

ROOM = 3
# what is remembered    identifier  result
TABLE = """
-                       0           accept
-                       7           accept
10                      10          used_error
10                      9           accept
10,20                   20          used_error
10,20                   5           accept
10,20,30                5           old_error
10,20,30                9           old_error
10,20,30                10          used_error
10,20,30                11          accept
10,20,30                30          used_error
10,20,30                31          accept
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_what_the_memory_says(row: str) -> None:
    known, identifier, result = row.split()
    remembered = [int(each) for each in known.split(",") if each != "-"]
    assert result_by_memory(remembered, int(identifier), ROOM) == result


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 8))
def test_it_holds_the_youngest_of_all_that_were_taken_and_takes_none_twice(identifiers: list[int], room: int) -> None:
    remembered: tuple[int, ...] = ()
    taken: list[int] = []
    for identifier in identifiers:
        if result_by_memory(remembered, identifier, room) is TokenResult.ACCEPT:
            remembered = remembered_with(remembered, identifier, room)
            taken.append(identifier)
        assert remembered == remembered_of(frozenset(taken), room)
        assert len(remembered) <= room
        assert all(result_by_memory(remembered, each, room) is not TokenResult.ACCEPT for each in taken)
    assert len(set(taken)) == len(taken)


def test_a_meter_has_room_for_as_many_as_its_limit_says() -> None:
    full = remembered_of(frozenset(range(100, 200)))
    assert full == tuple(range(200 - TOKEN_IDENTIFIERS_REMEMBERED, 200))
    assert result_by_memory(full, full[0] - 1) is TokenResult.OLD_ERROR
    assert result_by_memory(full[1:], full[0] - 1) is TokenResult.ACCEPT
