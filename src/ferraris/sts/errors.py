"""What a token came to, by the standard's names (IEC 62055-41 clauses 7 and 8), and the errors that carry them."""

# ruff: noqa: S105 - the tokens of STS are no passwords

from __future__ import annotations

from enum import StrEnum

from ferraris.kernel.errors import FerrarisError


class TokenResult(StrEnum):
    """The results that a decoder reports for a token, in the order of its checks."""

    ACCEPT = "accept"
    FIRST_KEY_CHANGE_TOKEN = "first_key_change_token"
    SECOND_KEY_CHANGE_TOKEN = "second_key_change_token"
    THIRD_KEY_CHANGE_TOKEN = "third_key_change_token"
    FOURTH_KEY_CHANGE_TOKEN = "fourth_key_change_token"
    FORMAT_ERROR = "format_error"
    LOCKOUT = "lockout"
    NOT_READY = "not_ready"
    CRC_ERROR = "crc_error"
    MANUFACTURER_CODE_ERROR = "manufacturer_code_error"
    DDTK_ERROR = "ddtk_error"
    KEY_EXPIRED_ERROR = "key_expired_error"
    OLD_ERROR = "old_error"
    USED_ERROR = "used_error"
    FUNCTION_ERROR = "function_error"
    RANGE_ERROR = "range_error"
    KEY_TYPE_ERROR = "key_type_error"
    OVERFLOW_ERROR = "overflow_error"

    @property
    def is_accepted(self) -> bool:
        """Whether the token was taken: accepted, or kept as one of a key-change set."""
        return self in _TAKEN


_TAKEN = frozenset(
    {
        TokenResult.ACCEPT,
        TokenResult.FIRST_KEY_CHANGE_TOKEN,
        TokenResult.SECOND_KEY_CHANGE_TOKEN,
        TokenResult.THIRD_KEY_CHANGE_TOKEN,
        TokenResult.FOURTH_KEY_CHANGE_TOKEN,
    }
)


class StsError(FerrarisError):
    """Numbers, amounts, dates or keys that no token can be made of."""


class TokenError(StsError):
    """A token that is not accepted. `result` is the standard's name for it."""

    def __init__(
        self,
        result: TokenResult,
        summary: str,
        *,
        expected: object = None,
        got: object = None,
        clause: str | None = None,
    ) -> None:
        self.result = result
        super().__init__(f"{result}: {summary}", expected=expected, got=got, clause=clause)
