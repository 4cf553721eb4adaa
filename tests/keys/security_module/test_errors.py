"""The errors of security modules: one tree, each with the name that the field gives it."""

from __future__ import annotations

import pytest

from ferraris.kernel.errors import FerrarisError
from ferraris.keys import security_module
from ferraris.keys.security_module import SecurityModuleError, VendingKeyExpired

BRANCHES = """
SecurityModuleError         ESm
SecurityModuleUnavailable   ESm.Unavailable
VendingKeyNotFound          EKeystore.NotFound
VendingKeyExpired           ESts.VkExpired
VendingKeyBeforeBaseDate    ESts.VkBeforeBdt
KeyTypeForbidden            EVerify.DdtkCredit
TransactionsExhausted       ESm.TransactionsExhausted
RoleForbidden               EAuthentication.Permission
"""


@pytest.mark.parametrize("row", [line.split() for line in BRANCHES.strip().splitlines()], ids=lambda row: row[0])
def test_every_branch_is_a_security_module_error_and_says_its_name(row: list[str]) -> None:
    branch, result = getattr(security_module, row[0]), row[1]
    error = branch("it did not work", expected=1, got=2)
    assert isinstance(error, SecurityModuleError)
    assert isinstance(error, FerrarisError)
    assert error.result == result
    assert str(error) == f"it did not work [{result}], expected 1, got 2"


def test_a_module_may_give_a_name_of_its_own() -> None:
    assert VendingKeyExpired("expired", result="EVerify.KeyExpired").result == "EVerify.KeyExpired"
