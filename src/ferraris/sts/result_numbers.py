"""The results of tokens as numbers, as meters show them in registers and in the status of their token gateway.

The standard gives results names only. The numbers up to 16 are those of the token status register that a maker (Conlog) has
published; 17 and 18, for the third and fourth token of a key change, are ours.
"""

from __future__ import annotations

from typing import Final

from ferraris.sts.errors import TokenResult

NO_RESULT: Final = 0
"""No token has come yet."""
RESULT_NUMBERS: Final = {
    TokenResult.ACCEPT: 1,
    TokenResult.FIRST_KEY_CHANGE_TOKEN: 2,
    TokenResult.SECOND_KEY_CHANGE_TOKEN: 3,
    TokenResult.OVERFLOW_ERROR: 4,
    TokenResult.KEY_TYPE_ERROR: 5,
    TokenResult.FORMAT_ERROR: 6,
    TokenResult.RANGE_ERROR: 7,
    TokenResult.FUNCTION_ERROR: 8,
    TokenResult.OLD_ERROR: 9,
    TokenResult.USED_ERROR: 10,
    TokenResult.KEY_EXPIRED_ERROR: 11,
    TokenResult.DDTK_ERROR: 12,
    TokenResult.CRC_ERROR: 13,
    TokenResult.MANUFACTURER_CODE_ERROR: 14,
    TokenResult.LOCKOUT: 15,
    TokenResult.NOT_READY: 16,
    TokenResult.THIRD_KEY_CHANGE_TOKEN: 17,
    TokenResult.FOURTH_KEY_CHANGE_TOKEN: 18,
}
_RESULTS: Final = {number: result for result, number in RESULT_NUMBERS.items()}


def result_of_number(number: int) -> TokenResult | None:
    """The result with that number; None where there is none, or the number means nothing."""
    return _RESULTS.get(number)
