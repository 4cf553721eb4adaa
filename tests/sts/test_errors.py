"""The results of a token, and the errors that carry them."""

from __future__ import annotations

from ferraris.kernel.errors import FerrarisError
from ferraris.sts import StsError, TokenError, TokenResult


def test_results_are_named_as_the_standard_names_them() -> None:
    assert {str(result) for result in TokenResult} >= set(
        """
        accept first_key_change_token second_key_change_token third_key_change_token fourth_key_change_token format_error
        crc_error manufacturer_code_error ddtk_error key_expired_error old_error used_error function_error range_error
        key_type_error overflow_error lockout
        """.split()
    )


def test_a_key_change_token_is_taken_and_no_error_is() -> None:
    taken = {result for result in TokenResult if result.is_accepted}
    assert {str(result) for result in taken} == {
        "accept",
        *(f"{which}_key_change_token" for which in ("first", "second", "third", "fourth")),
    }


def test_an_error_says_its_result_first() -> None:
    error = TokenError(TokenResult.OLD_ERROR, "issued before all that are remembered", got=7)
    assert isinstance(error, StsError)
    assert isinstance(error, FerrarisError)
    assert str(error) == "old_error: issued before all that are remembered, got 7"
    assert error.result is TokenResult.OLD_ERROR
