"""What a meter says to a token: the standard's result, how far it got as COSEM tells it, and what the display shows.

The token gateway shows the number of the result in eight bits: that a meter does so no public text says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ferraris.codec import BitString
from ferraris.cosem.classes.token_gateway import TokenStatus, TokenStatusCode
from ferraris.sts import RESULT_NUMBERS, Token, TokenResult

_STATUS_CODES: Final = {
    TokenResult.ACCEPT: TokenStatusCode.TOKEN_EXECUTION_OK,
    TokenResult.FIRST_KEY_CHANGE_TOKEN: TokenStatusCode.VALIDATION_OK,
    TokenResult.SECOND_KEY_CHANGE_TOKEN: TokenStatusCode.VALIDATION_OK,
    TokenResult.THIRD_KEY_CHANGE_TOKEN: TokenStatusCode.VALIDATION_OK,
    TokenResult.FOURTH_KEY_CHANGE_TOKEN: TokenStatusCode.VALIDATION_OK,
    TokenResult.FORMAT_ERROR: TokenStatusCode.FORMAT_FAILURE,
    TokenResult.LOCKOUT: TokenStatusCode.TOKEN_RECEIVED,
    TokenResult.NOT_READY: TokenStatusCode.TOKEN_RECEIVED,
    TokenResult.CRC_ERROR: TokenStatusCode.AUTHENTICATION_FAILURE,
    TokenResult.MANUFACTURER_CODE_ERROR: TokenStatusCode.AUTHENTICATION_FAILURE,
    TokenResult.FUNCTION_ERROR: TokenStatusCode.TOKEN_EXECUTION_FAILURE,
    TokenResult.OVERFLOW_ERROR: TokenStatusCode.TOKEN_EXECUTION_FAILURE,
}
"""All others failed validation."""


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """The meter's answer. `token` is None where it could not be read."""

    result: TokenResult
    token: Token | None
    display: tuple[str, ...]

    @property
    def status(self) -> TokenStatus:
        return token_status(self.result)


def token_status(result: TokenResult | None) -> TokenStatus:
    """As the token gateway shows it; None before the first token."""
    if result is None:
        return TokenStatus(TokenStatusCode.FORMAT_OK, BitString(8, bytes(1)))
    code = _STATUS_CODES.get(result, TokenStatusCode.VALIDATION_FAILURE)
    return TokenStatus(code, BitString(8, bytes((RESULT_NUMBERS[result],))))
