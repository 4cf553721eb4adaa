"""The errors of vending: one tree, and the one that carries the order that waits."""

from __future__ import annotations

import inspect

from ferraris.kernel.errors import FerrarisError
from ferraris.vending import SalePendingError, VendingError, errors


def test_they_are_one_branch_and_each_says_what_it_is() -> None:
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass) if one is not FerrarisError]
    assert len(found) >= 15
    assert all(issubclass(one, VendingError) and one.__doc__ for one in found)


def test_a_pending_sale_says_which() -> None:
    error = SalePendingError("away", number=7)
    assert (error.number, str(error)) == (7, "away")
