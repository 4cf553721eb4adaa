"""Errors of vending as problems: a status, the kind of error, the standard's name, and whether to try again."""

from __future__ import annotations

import json

import pytest

from ferraris import vending
from ferraris.console.vending_problems import HANDLED, kind_of, status_of, vending_problem
from ferraris.kernel.errors import FerrarisError
from ferraris.keys.security_module import SecurityModuleError, SecurityModuleUnavailable
from ferraris.sts import StsError, TokenError, TokenResult

PROBLEMS = [
    # error                                                   status  kind                      result
    (vending.AmountError("zero"), 422, "amount_error", "range_error"),
    (vending.UnknownMeterError("no check digit"), 404, "unknown_meter_error", None),
    (vending.VendingError("no such order", got=7), 404, "vending_error", None),
    (vending.ReversalError("order 7 is not pending", got="no such order"), 404, "reversal_error", None),
    (vending.ReversalError("order 7 is not pending", got="posted"), 409, "reversal_error", None),
    (vending.ShiftError("no such shift", got=7), 404, "shift_error", None),
    (vending.ShiftError("till T has no open shift"), 409, "shift_error", None),
    (vending.ApprovalError("a second person"), 403, "approval_error", None),
    (vending.KeyExpiryError("expired"), 409, "key_expiry_error", "key_expired_error"),
    (vending.SalePendingError("away", number=1), 503, "sale_pending_error", None),
    (SecurityModuleUnavailable("away"), 503, "security_module_unavailable", None),
    (SecurityModuleError("no"), 422, "security_module_error", None),
    (vending.LedgerError("a hash"), 500, "ledger_error", None),
    (StsError("no digits"), 422, "sts_error", None),
    (TokenError(TokenResult.CRC_ERROR, "bad"), 422, "token_error", "crc_error"),
]


@pytest.mark.parametrize(("error", "status", "kind", "result"), PROBLEMS, ids=lambda value: type(value).__name__)
def test_errors_as_problems(error: FerrarisError, status: int, kind: str, result: str | None) -> None:
    answer = vending_problem(error)
    body = json.loads(bytes(answer.body))
    assert isinstance(error, HANDLED)
    assert (answer.status_code, status_of(error), kind_of(error)) == (status, status, kind)
    assert (body["status"], body["error"], body.get("result")) == (status, kind, result)
    assert body.get("retry", False) is (status == 503)


def test_a_title_is_not_said_twice() -> None:
    body = json.loads(bytes(vending_problem(vending.UnknownMeterError("no such meter", got="7")).body))
    assert body["detail"] == "No such meter, got 7."
