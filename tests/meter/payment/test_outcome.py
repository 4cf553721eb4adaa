"""What a meter says to a token, as COSEM tells it: every result has a status code and a number."""

from __future__ import annotations

import pytest

from ferraris.cosem.classes.token_gateway import TokenStatusCode
from ferraris.meter.payment.outcome import TokenOutcome, token_status
from ferraris.sts import RESULT_NUMBERS, TokenResult

TABLE = """
accept                     token_execution_ok
first_key_change_token     validation_ok
second_key_change_token    validation_ok
third_key_change_token     validation_ok
fourth_key_change_token    validation_ok
format_error               format_failure
lockout                    token_received
not_ready                  token_received
crc_error                  authentication_failure
manufacturer_code_error    authentication_failure
ddtk_error                 validation_failure
key_type_error             validation_failure
key_expired_error          validation_failure
old_error                  validation_failure
used_error                 validation_failure
range_error                validation_failure
function_error             token_execution_failure
overflow_error             token_execution_failure
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_status_of_each_result(line: str) -> None:
    result, code = line.split()
    status = TokenOutcome(TokenResult(result), None, ()).status
    assert status.status_code is TokenStatusCode[code.upper()]
    assert (status.data_value.length, status.data_value.octets[0]) == (8, RESULT_NUMBERS[TokenResult(result)])


def test_the_table_is_whole() -> None:
    assert {line.split()[0] for line in TABLE.strip().splitlines()} == set(TokenResult)


def test_before_the_first_token() -> None:
    assert token_status(None).data_value.octets == b"\x00"
