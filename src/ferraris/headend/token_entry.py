"""Payment tokens on their way into a meter: what the command `enter_token` carries, and what its answers come to.

Its argument is one token of 20 digits, or several with commas between them: the sections of a key change and the credit
token that follows them, entered in that order. The last of them says what became of the whole, since sections that the
meter does not take leave it with a key that the next token does not fit.

A token credits one meter, once. Whoever reads its digits can do nobody else out of it, so the command keeps them; logs and
audit name it by its last four digits only, as receipts do that lie about.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ferraris.cosem import TokenDeliveryMethod, TokenStatus, TokenStatusCode
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import TOKENS_OF_A_COMMAND_MAX
from ferraris.sts import TOKEN_DIGITS, TokenResult, bare_digits, result_of_number

DIGITS_SHOWN: Final = 4
BINARY_OCTETS: Final = 9
RESULT_BITS: Final = 8
USED: Final = TokenResult.USED_ERROR.value
"""The result of a token that the meter has accepted before."""
PASSED: Final = frozenset(
    {
        TokenStatusCode.FORMAT_OK,
        TokenStatusCode.AUTHENTICATION_OK,
        TokenStatusCode.VALIDATION_OK,
        TokenStatusCode.TOKEN_EXECUTION_OK,
    }
)
"""The meter has nothing against the token. Sections of a key change wait for one another."""


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """What a meter shows of a token that it was given: how far it got, and the result in the words of IEC 62055-41."""

    digits: str
    status_code: TokenStatusCode
    result: str
    typed: bool = False
    """It came in at the meter itself, not through its head-end."""

    @property
    def passed(self) -> bool:
        return self.status_code in PASSED

    @property
    def waits(self) -> bool:
        """The meter has it and has not looked at it yet: it must be asked later."""
        return self.status_code is TokenStatusCode.TOKEN_RECEIVED and self.result not in list(TokenResult)

    @property
    def in_the_meter(self) -> bool:
        """Whether what the token brings is in the meter: it was taken now, or before."""
        return self.passed or self.result == USED


def tokens_of(argument: str) -> tuple[str, ...]:
    """The tokens of a command's argument, as bare digits. Raises ConfigError."""
    tokens = tuple(bare_digits(part) for part in argument.split(","))
    if len(tokens) > TOKENS_OF_A_COMMAND_MAX:
        raise ConfigError("too many tokens", expected=f"at most {TOKENS_OF_A_COMMAND_MAX}", got=len(tokens))
    for number, token in enumerate(tokens, 1):
        if len(token) != TOKEN_DIGITS or not (token.isascii() and token.isdigit()):
            expected = f"{TOKEN_DIGITS} digits, more tokens after commas"
            raise ConfigError(f"token {number} is none", expected=expected, got=f"{len(token)} characters")
    return tokens


def tokens_text(tokens: Iterable[str]) -> str:
    """The argument of a command that enters these tokens."""
    return ",".join(tokens)


def masked(digits: str) -> str:
    """A token as logs and audit name it."""
    return f"…{digits[-DIGITS_SHOWN:]}"


def masked_argument(argument: str) -> str:
    """The argument of a command as logs and audit show it."""
    return ", ".join(masked(part.strip()) for part in argument.split(",")[:TOKENS_OF_A_COMMAND_MAX])


def entry_of(token: bytes, method: TokenDeliveryMethod, status: TokenStatus) -> TokenEntry | None:
    """What a token gateway shows of the token that it was given last; None when it was given none.

    It is there as it came: 20 digits in ASCII, or the binary number in nine octets.
    """
    if len(token) == BINARY_OCTETS:
        digits = f"{int.from_bytes(token):0{TOKEN_DIGITS}}"
    elif len(token) == TOKEN_DIGITS:
        digits = token.decode("ascii", "replace")
    else:
        return None
    return TokenEntry(digits, status.status_code, _result_name(status), method is not TokenDeliveryMethod.REMOTE)


def _result_name(status: TokenStatus) -> str:
    """The result by its number in eight bits of `data_value`; by the status code where the meter does not give one."""
    data = status.data_value
    result = result_of_number(data.octets[0]) if data.length == RESULT_BITS else None
    return status.status_code.name.lower() if result is None else result.value


def left_to_enter(tokens: Sequence[str], last_in_meter: str) -> int:
    """How many of the tokens the meter has dealt with, as its last token shows, when some may have been sent before."""
    return tokens.index(last_in_meter) + 1 if last_in_meter in tokens else 0


def settles(entries: Sequence[TokenEntry]) -> bool:
    """Whether the entries say that everything is in the meter."""
    return bool(entries) and entries[-1].in_the_meter


def entry_detail(entries: Sequence[TokenEntry], *, again: bool = False, more: dict[str, Any] | None = None) -> str:
    """The result of a command, as JSON: that of the last token, and of each by its last digits.

    `typed` tells that the customer was there before us: a meter that says *used* to a token which was never sent to it
    has it from someone else.
    """
    last = entries[-1] if entries else None
    typed = last is not None and (last.typed or (last.result == USED and not again))
    shown = [
        {"token": masked(entry.digits), "status": entry.status_code.name.lower(), "result": entry.result}
        for entry in entries
    ]
    told = {"result": last.result if last is not None else "", "typed": typed, "tokens": shown}
    return json.dumps(told | (more or {}))


def told_of(detail: str) -> tuple[str, bool]:
    """Result and `typed` of a finished command; nothing where its detail is no such text (it never reached the meter)."""
    try:
        told = read_json_object(detail, "what is told of tokens")
    except ConfigError:
        return "", False
    result = told.get("result")
    return (result, told.get("typed") is True) if isinstance(result, str) else ("", False)
