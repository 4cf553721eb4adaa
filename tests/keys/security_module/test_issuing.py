"""The rules of issuing, one by one, as a table: which token, under which key, when."""

from __future__ import annotations

import pytest

from ferraris.keys.security_module import SecurityModuleError
from ferraris.keys.security_module.issuing import (
    as_carried,
    check_expiry,
    check_in_force,
    check_issue,
    token_class,
)
from ferraris.sts import (
    BaseDate,
    ClearTamperToken,
    CreditToken,
    CurrencyCreditToken,
    ExtendedReadToken,
    KeyChangeSupplyGroupSection,
    KeyType,
    MeterTestToken,
    PowerLimitToken,
    ProprietaryToken,
    Service,
    Token,
)
from tests.keys.security_module.benches import DEFAULT, PRESENT, changed, meter, register

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (CreditToken(Service.GAS, 2, 5, 1), 0),
        (CurrencyCreditToken(Service.GAS, 2, 1), 0),
        (MeterTestToken(1), 1),
        (ExtendedReadToken(1), 1),
        (PowerLimitToken(2, 5, 1), 2),
        (ProprietaryToken(1, 7, 0), 1),
        (ProprietaryToken(2, 12, 0), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_class_of_a_token(token: Token, expected: int) -> None:
    assert token_class(token) == expected


ALLOWED = """
key-type  credit  test  management
DUTK      yes     yes   yes
DCTK      yes     yes   yes
DDTK      no      yes   yes
DITK      no      yes   no
"""
OF_NAME: dict[str, Token] = {
    "credit": CreditToken(Service.ELECTRICITY, 2, 5, 1),
    "test": MeterTestToken(1),
    "management": ClearTamperToken(2, 5),
}


@pytest.mark.parametrize("row", [line.split() for line in ALLOWED.strip().splitlines()[1:]], ids=lambda row: row[0])
def test_key_types_issue_what_is_theirs(row: list[str]) -> None:
    configuration = changed(meter(DEFAULT), key_type=KeyType[row[0]])
    for name, may in zip(ALLOWED.split()[1:4], row[1:], strict=True):
        if may == "yes":
            check_issue(configuration, OF_NAME[name])
        else:
            with pytest.raises(SecurityModuleError) as refused:
                check_issue(configuration, OF_NAME[name])
            assert refused.value.result == "EVerify.DdtkCredit"


def test_a_key_change_token_is_not_issued_alone() -> None:
    with pytest.raises(SecurityModuleError, match="as a set"):
        check_issue(meter(), KeyChangeSupplyGroupSection("123456"))


EXPIRY = """
vending-key  meter  identifier  result
255          255    FFFFFF      -
85           255    55FFFF      -
85           255    560000      ESts.VkExpired
255          85     55FFFF      -
255          85     560000      EVerify.KeyExpired
85           85     560000      ESts.VkExpired
0            255    00FFFF      -
0            255    010000      ESts.VkExpired
"""


@pytest.mark.parametrize("row", [line.split() for line in EXPIRY.strip().splitlines()[1:]], ids=" ".join)
def test_the_expiry_number_is_held_against_the_upper_eight_bits(row: list[str]) -> None:
    held, meters, identifier, result = register("123456", 1, expiry=int(row[0])), int(row[1]), int(row[2], 16), row[3]
    configuration, token = changed(meter(), key_expiry_number=meters), ClearTamperToken(identifier, 5)
    if result == "-":
        check_expiry(configuration, held, token)
    else:
        with pytest.raises(SecurityModuleError) as refused:
            check_expiry(configuration, held, token)
        assert refused.value.result == result


def test_a_test_token_never_expires() -> None:
    check_expiry(changed(meter(), key_expiry_number=0), register("123456", 1, expiry=0), MeterTestToken(1))


def test_a_key_is_in_force_from_its_base_date_until_its_expiry() -> None:
    held = register("123456", 1, base_date=BaseDate.Y2014, expiry=85)
    start_ms, end_ms = BaseDate.Y2014.start_ms, BaseDate.Y2014.start_ms + (86 << 16) * 60_000
    check_in_force(held, start_ms)
    check_in_force(held, end_ms - 1)
    for at_ms, result in ((start_ms - 1, "ESts.VkBeforeBdt"), (end_ms, "ESts.VkExpired")):
        with pytest.raises(SecurityModuleError) as refused:
            check_in_force(held, at_ms)
        assert refused.value.result == result


def test_a_key_that_never_expires_outlives_its_token_identifiers() -> None:
    check_in_force(register("123456", 1, base_date=BaseDate.Y1993), BaseDate.Y1993.start_ms + 12_000 * DAY_MS)


def test_an_amount_is_shown_as_its_digits_carry_it() -> None:
    token = CreditToken(Service.ELECTRICITY, 2, 5, 180_223)
    assert as_carried(meter(PRESENT), token) == CreditToken(Service.ELECTRICITY, 2, 5, 180_224)
