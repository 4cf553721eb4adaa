"""Tokens as a command's argument, and what a meter's gateway shows of them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.codec import BitString
from ferraris.cosem import TokenDeliveryMethod, TokenStatus, TokenStatusCode
from ferraris.headend import (
    TokenEntry,
    entry_detail,
    entry_of,
    left_to_enter,
    masked,
    masked_argument,
    settles,
    tokens_of,
    tokens_text,
    told_of,
)
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.limits import TOKENS_OF_A_COMMAND_MAX
from ferraris.sts import RESULT_NUMBERS, TokenResult

FIRST, SECOND, CREDIT = "11111111111111111111", "22222222222222222222", "63810027315942068237"
REMOTE = TokenDeliveryMethod.REMOTE
OK = TokenStatusCode.TOKEN_EXECUTION_OK
TOKEN = st.text(alphabet="0123456789", min_size=20, max_size=20)


@given(st.lists(TOKEN, min_size=1, max_size=TOKENS_OF_A_COMMAND_MAX))
def test_tokens_become_an_argument_and_tokens_again(tokens: list[str]) -> None:
    assert tokens_of(tokens_text(tokens)) == tuple(tokens)


def test_digits_may_stand_in_groups() -> None:
    assert tokens_of("6381 0027 3159 4206 8237, 2222-2222-2222-2222-2222") == (CREDIT, SECOND)


@given(st.text(max_size=100))
def test_any_text_is_tokens_or_a_clear_error(text: str) -> None:
    tokens: tuple[str, ...] = ()
    with suppress(ConfigError):
        tokens = tokens_of(text)
    assert all(len(token) == 20 and token.isdigit() for token in tokens)


@pytest.mark.parametrize("digits", ["٠" * 20, "²" * 20])
def test_digits_of_other_scripts_are_none(digits: str) -> None:
    with pytest.raises(ConfigError, match="token 1 is none"):
        tokens_of(digits)


def test_an_error_repeats_nothing_of_a_token() -> None:
    with pytest.raises(ConfigError) as raised:
        tokens_of("6381002731594206823")
    assert "6381" not in str(raised.value)


def test_logs_and_audit_name_a_token_by_its_last_digits() -> None:
    assert masked(CREDIT) == "…8237"
    assert masked_argument(f"{FIRST}, {CREDIT}") == "…1111, …8237"


def status(code: TokenStatusCode, result: TokenResult | None = None) -> TokenStatus:
    return TokenStatus(code, BitString(0, b"") if result is None else BitString(8, bytes([RESULT_NUMBERS[result]])))


def test_the_gateway_shows_digits_or_their_number() -> None:
    entry = TokenEntry(CREDIT, OK, "accept")
    assert entry_of(CREDIT.encode(), REMOTE, status(OK, TokenResult.ACCEPT)) == entry
    assert entry_of(int(CREDIT).to_bytes(9, "big"), REMOTE, status(OK, TokenResult.ACCEPT)) == entry
    assert entry_of(int("1").to_bytes(9, "big"), REMOTE, status(OK, TokenResult.ACCEPT)) == TokenEntry(
        "1".zfill(20), OK, "accept"
    )
    assert entry_of(b"", REMOTE, status(OK)) is None


def test_a_meter_that_numbers_no_results_gives_its_status() -> None:
    entry = entry_of(CREDIT.encode(), REMOTE, status(TokenStatusCode.VALIDATION_FAILURE))
    assert entry is not None
    assert entry.result == "validation_failure"


def test_a_meter_that_has_not_looked_at_a_token_yet_is_asked_again() -> None:
    """One that says why it cannot now (lockout, not ready) has answered, though the status code is the same."""
    received = TokenStatusCode.TOKEN_RECEIVED
    shown = entry_of(CREDIT.encode(), REMOTE, status(received))
    busy = entry_of(CREDIT.encode(), REMOTE, status(received, TokenResult.NOT_READY))
    assert shown is not None
    assert busy is not None
    assert (shown.waits, busy.waits) == (True, False)
    assert not shown.in_the_meter
    assert not busy.in_the_meter


# What the meter said of each token, and what that comes to.
VERDICTS = """
results                                        settled
accept                                         yes
used_error                                     yes
old_error                                      no
crc_error                                      no
first_key_change_token second_key_change_token yes
first_key_change_token crc_error               no
crc_error crc_error accept                     yes
crc_error crc_error used_error                 yes
"""
FAILURES = {TokenResult.USED_ERROR, TokenResult.OLD_ERROR}


def entry(result: str) -> TokenEntry:
    named = TokenResult(result)
    if named.is_accepted:
        return TokenEntry(CREDIT, OK, result)
    failure = TokenStatusCode.VALIDATION_FAILURE if named in FAILURES else TokenStatusCode.AUTHENTICATION_FAILURE
    return TokenEntry(CREDIT, failure, result)


@pytest.mark.parametrize("row", [line.split() for line in VERDICTS.strip().splitlines()[1:]], ids=" ".join)
def test_the_last_token_says_what_became_of_all(row: list[str]) -> None:
    *results, settled = row
    assert settles([entry(result) for result in results]) == (settled == "yes")


def test_no_entry_settles_nothing() -> None:
    assert not settles([])


@pytest.mark.parametrize(
    ("last", "done"), [(FIRST, 1), (SECOND, 2), (CREDIT, 3), ("9" * 20, 0)], ids=["first", "second", "last", "another"]
)
def test_what_the_meter_was_given_last_tells_where_to_go_on(last: str, done: int) -> None:
    assert left_to_enter((FIRST, SECOND, CREDIT), last) == done


@pytest.mark.parametrize("method", list(TokenDeliveryMethod))
def test_a_token_that_did_not_come_through_the_head_end_was_typed(method: TokenDeliveryMethod) -> None:
    shown = entry_of(CREDIT.encode(), method, status(OK, TokenResult.ACCEPT))
    assert shown is not None
    assert shown.typed is (method is not REMOTE)


def test_the_detail_of_a_command_tells_the_result_and_hides_the_digits() -> None:
    detail = entry_detail([entry("accept")], more={"key_revision_number": 2})
    assert json.loads(detail) == {
        "result": "accept",
        "typed": False,
        "tokens": [{"token": "…8237", "status": "token_execution_ok", "result": "accept"}],
        "key_revision_number": 2,
    }
    assert told_of(detail) == ("accept", False)


@pytest.mark.parametrize(("again", "typed"), [(False, True), (True, False)])
def test_a_token_that_was_used_before_we_sent_it_was_typed(*, again: bool, typed: bool) -> None:
    assert told_of(entry_detail([entry("used_error")], again=again)) == ("used_error", typed)


def test_a_token_that_came_in_at_the_keypad_was_typed_even_if_we_sent_it_too() -> None:
    at_keypad = replace(entry("accept"), typed=True)
    assert told_of(entry_detail([at_keypad], again=True)) == ("accept", True)


@pytest.mark.parametrize(
    "detail",
    [
        "",
        "not sent in time: no connection",
        "[]",
        '"accept"',
        '{"result": 7}',
        "[" * 100_000,
        '{"result": "accept", "result": ""}',
    ],
    ids=len,
)
def test_a_detail_without_a_result_has_none(detail: str) -> None:
    assert told_of(detail) == ("", False)
