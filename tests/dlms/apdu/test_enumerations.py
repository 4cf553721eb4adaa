"""Codes and their names."""

from __future__ import annotations

import pytest

from ferraris.dlms.apdu import ActionResult, AssociationResult, DataAccessResult, Mechanism
from ferraris.dlms.apdu.enumerations import action_result, data_access_result, member
from ferraris.kernel.errors import DecodeError


def test_every_code_and_no_other() -> None:
    for code in range(256):
        for enumeration, read in ((DataAccessResult, data_access_result), (ActionResult, action_result)):
            if code in {int(known) for known in enumeration}:
                assert read(code, 0) is enumeration(code)
            else:
                with pytest.raises(DecodeError) as caught:
                    read(code, 7)
                assert (caught.value.got, caught.value.offset) == (code, 7)


def test_the_results_of_both_services_agree_but_for_long_transfers() -> None:
    shared = {result.name for result in DataAccessResult} & {result.name for result in ActionResult}
    assert all(DataAccessResult[name] == ActionResult[name] for name in shared)
    assert {result.name for result in ActionResult} - shared == {"LONG_ACTION_ABORTED", "NO_LONG_ACTION_IN_PROGRESS"}


def test_a_member_of_any_enumeration() -> None:
    assert member(Mechanism, 5, 0) is Mechanism.HLS_GMAC
    with pytest.raises(DecodeError) as caught:
        member(AssociationResult, 3, 4)
    assert (caught.value.expected, caught.value.got, caught.value.offset) == ("a value of AssociationResult", 3, 4)
