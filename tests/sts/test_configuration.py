"""What a meter is, for a token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferraris.sts import EncryptionAlgorithm, KeyDerivation, StsError
from ferraris.sts.configuration import check_range
from tests.sts.published import EA07_METER, METER

# field                 value      what the error says
REFUSED = """
supply_group_code       12345      a supply group code
supply_group_code       12345a     a supply group code
supply_group_code       1234567    a supply group code
key_revision_number     0          expected 1 to 9, got 0
key_revision_number     10         expected 1 to 9, got 10
tariff_index            -1         expected 0 to 99, got -1
tariff_index            100        expected 0 to 99, got 100
key_expiry_number       256        expected 0 to 255, got 256
"""


@pytest.mark.parametrize("line", REFUSED.split("\n")[1:-1])
def test_what_no_meter_can_be_is_refused(line: str) -> None:
    field, value, said = line[:24].strip(), line[24:34].strip(), line[35:].strip()
    given = value if field == "supply_group_code" else int(value)
    with pytest.raises(StsError) as refused:
        replace(METER, **{field: given})
    assert said in str(refused.value)


def test_an_ea11_meter_has_keys_of_dkga04() -> None:
    with pytest.raises(StsError, match="expected DKGA04, got DKGA02"):
        replace(METER, key_derivation=KeyDerivation.DKGA02)
    assert replace(EA07_METER, key_derivation=KeyDerivation.DKGA02).encryption_algorithm is EncryptionAlgorithm.EA07


def test_ranges_are_checked_at_both_ends() -> None:
    check_range("number", 1, range(1, 3))
    check_range("number", 2, range(1, 3))
    for number in (0, 3):
        with pytest.raises(StsError, match="expected 1 to 2"):
            check_range("number", number, range(1, 3))
