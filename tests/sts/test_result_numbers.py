"""The numbers of results."""

from __future__ import annotations

import pytest

from ferraris.sts import NO_RESULT, RESULT_NUMBERS, TokenResult, result_of_number


@pytest.mark.parametrize("result", TokenResult)
def test_every_result_has_a_number_of_its_own(result: TokenResult) -> None:
    assert result_of_number(RESULT_NUMBERS[result]) is result


@pytest.mark.parametrize("number", [NO_RESULT, 19, 255])
def test_other_numbers_are_no_results(number: int) -> None:
    assert result_of_number(number) is None
