"""Between the interface's structures and ours: amounts, errors, registers, meters."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferraris.kernel.errors import StoreError
from ferraris.keys import security_module
from ferraris.keys.security_module import SecurityModuleError
from ferraris.keys.security_module.prismtoken_structures import (
    api_exception,
    configuration_of,
    error_of,
    meter_config,
    register_info,
    register_of_info,
    units_of,
    wire_amount,
)
from ferraris.keys.security_module.thrift_messages import interface
from ferraris.sts import StsError
from tests.keys.security_module.benches import NUMBERED, PRESENT, meter
from tests.sts.strategies import loosely_written


@given(amount=st.integers(0, 18_201_624))
def test_units_survive_the_floating_number(amount: int) -> None:
    assert units_of(0, 0, wire_amount(0, 0, amount)) == amount


@given(amount=st.integers(-(10**14), 10**14))
def test_money_survives_the_floating_number(amount: int) -> None:
    assert units_of(0, 4, wire_amount(0, 4, amount)) == amount


@given(amount=st.integers(-(10**35), 10**35))
def test_money_survives_or_is_refused(amount: int) -> None:
    with suppress(SecurityModuleError):
        assert units_of(0, 4, wire_amount(0, 4, amount)) == amount


@pytest.mark.parametrize("amount", [0.1, 1e-9, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_whole_number_is_refused(amount: float) -> None:
    with pytest.raises(SecurityModuleError, match="an amount"):
        units_of(0, 0, amount)


BRANCHES = [
    "KeyTypeForbidden", "RoleForbidden", "SecurityModuleUnavailable", "TransactionsExhausted",
    "VendingKeyBeforeBaseDate", "VendingKeyExpired", "VendingKeyNotFound",
]  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_survives_the_interface(name: str) -> None:
    branch = getattr(security_module, name)
    assert type(error_of(api_exception(branch("it did not work")))) is branch


def test_a_code_that_is_not_known_is_kept() -> None:
    error = error_of(interface().ApiException(eCode="EOther.Code", eMsgEn="whatever"))
    assert type(error) is SecurityModuleError
    assert error.result == "EOther.Code"


def test_errors_of_other_kinds_are_parameters_out_of_range_in_ascii() -> None:
    exception = api_exception(StsError("größer"))
    assert exception.eCode == "EParamRange"
    assert exception.eMsgEn.isascii()


def test_a_memory_that_fails_is_no_fault_of_the_request() -> None:
    assert type(error_of(api_exception(StoreError("disk full")))) is security_module.SecurityModuleUnavailable


@pytest.mark.parametrize("number", NUMBERED)
def test_a_register_survives_the_status(number: int) -> None:
    assert register_of_info(register_info(NUMBERED[number]) + "ABCDEF").check_value == "ABCDEF"


def test_a_meter_survives_the_interface() -> None:
    assert configuration_of(meter_config(meter()), PRESENT) == meter()


def test_the_meter_forbids_changes_on_the_way() -> None:
    asked = meter_config(meter())
    assert (asked.allowKrnUpdate, asked.allowKenUpdate, asked.newConfig) == (False, False, None)


@given(loosely_written(10, 99), st.integers(0, 5))
def test_a_register_line_of_another_spelling_is_none(text: str, place: int) -> None:
    words = f"{register_info(NUMBERED[next(iter(NUMBERED))])}ABCDEF".split(" ")
    assert register_of_info(" ".join(words)).check_value == "ABCDEF"
    words[place] = text
    with pytest.raises(ValueError, match="not a register"):
        register_of_info(" ".join(words))
