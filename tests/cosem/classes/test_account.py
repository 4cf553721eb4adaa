"""Payment metering, classes 111 to 116: accounts, credits, charges, tokens and what STS meters know of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.account import Account, AccountStatus, CreditState, CurrencyUnit, PaymentMode
from ferraris.cosem.classes.charge import Charge, ChargeType
from ferraris.cosem.classes.credit import Credit, CreditStatus, CreditType
from ferraris.cosem.classes.iec_62055_41_attributes import Iec6205541Attributes
from ferraris.cosem.classes.token_gateway import TokenDeliveryMethod, TokenGateway, TokenStatusCode
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

ACCOUNT = """
    number  name                             v0
    1       logical_name                     logical name
    2       account_mode_and_status          AccountModeAndStatus
    3       current_credit_in_use            unsigned
    4       current_credit_status            bit-string(8) CreditState
    5       available_credit                 double-long
    6       amount_to_clear                  double-long
    7       clearance_threshold              double-long
    8       aggregated_debt                  double-long
    9       credit_reference_list            array of logical name
    10      charge_reference_list            array of logical name
    11      credit_charge_configuration      array of CreditChargeConfiguration
    12      token_gateway_configuration      array of TokenGatewayConfiguration
    13      account_activation_time          date-time in octet-string(12)
    14      account_closure_time             date-time in octet-string(12)
    15      currency                         Currency
    16      low_credit_threshold             double-long
    17      next_credit_available_threshold  double-long
    18      max_provision                    long-unsigned
    19      max_provision_period             double-long
    -1      activate_account                 integer
    -2      close_account                    integer
    -3      reset_account                    integer
"""

CREDIT = """
    number  name                        v0
    1       logical_name                logical name
    2       current_credit_amount       double-long
    3       credit_type                 enum CreditType
    4       priority                    unsigned
    5       warning_threshold           double-long
    6       limit                       double-long
    7       credit_configuration        bit-string(5) CreditConfiguration
    8       credit_status               enum CreditStatus
    9       preset_credit_amount        double-long
    10      credit_available_threshold  double-long
    11      period                      date-time in octet-string(12)
    -1      update_amount               double-long
    -2      set_amount_to_value         double-long
    -3      invoke_credit               unsigned
"""

CHARGE = """
    number  name                           v0
    1       logical_name                   logical name
    2       total_amount_paid              double-long
    3       charge_type                    enum ChargeType
    4       priority                       unsigned
    5       unit_charge_active             UnitCharge
    6       unit_charge_passive            UnitCharge
    7       unit_charge_activation_time    date-time in octet-string(12)
    8       period                         double-long-unsigned
    9       charge_configuration           bit-string(2) ChargeConfiguration
    10      last_collection_time           date-time in octet-string(12)
    11      last_collection_amount         double-long
    12      total_amount_remaining         double-long
    13      proportion                     long-unsigned
    -1      update_unit_charge             array of ChargeTableElement
    -2      activate_passive_unit_charge   integer
    -3      collect                        integer
    -4      update_total_amount_remaining  double-long
    -5      set_total_amount_remaining     double-long
"""

TOKEN_GATEWAY = """
    number  name                   v0
    1       logical_name           logical name
    2       token                  octet-string
    3       token_time             date-time in octet-string(12)
    4       token_description      array of octet-string
    5       token_delivery_method  enum TokenDeliveryMethod
    6       token_status           TokenStatus
    -1      enter                  octet-string
"""

IEC_62055_41_ATTRIBUTES = """
    number  name                  v0
    1       logical_name          logical name
    2       meter_pan             MeterPrimaryAccountNumber
    3       commodity             visible-string
    4       token_carrier_types   array of unsigned
    5       encryption_algorithm  unsigned
    6       supply_group_code     double-long-unsigned
    7       tariff_index          unsigned
    8       key_revision_number   unsigned
    9       key_type              unsigned
    10      key_expiry_number     unsigned
    11      no_of_kct_supported   unsigned
    12      sts_certificate_no    visible-string
"""

VERSIONS = [
    (111, (0,), ACCOUNT),
    (112, (0,), CREDIT),
    (113, (0,), CHARGE),
    (115, (0,), TOKEN_GATEWAY),
    (116, (0,), IEC_62055_41_ATTRIBUTES),
]

CREDIT_NAME = "0906 0000130a00ff"
CHARGE_NAME = "0906 0000131400ff"
ENERGY_BY_TARIFF = "0203 0202 0ffd 0ffe 0203 120003 0906 0100010800ff 0f02 0102 0202 0901 01 1000b8 0202 0901 02 10ff9c"

ATTRIBUTES = [
    # attribute                                octets                          plain
    (Account.account_mode_and_status,          "0202 1602 1602",               {"payment_mode": "prepayment", "account_status": "active"}),
    (Account.current_credit_in_use,            "11 00",                        0),
    (Account.current_credit_status,            "0408 80",                      ["in_credit"]),
    (Account.current_credit_status,            "0408 03",                      ["out_of_credit", "bit_7"]),
    (Account.available_credit,                 "05 fffffc18",                  -1000),
    (Account.credit_reference_list,            f"0101 {CREDIT_NAME}",          ["0.0.19.10.0.255"]),
    (Account.charge_reference_list,            f"0101 {CHARGE_NAME}",          ["0.0.19.20.0.255"]),
    (Account.credit_charge_configuration,      f"0101 0203 {CREDIT_NAME} {CHARGE_NAME} 0403 a0",
                                               [{"credit_reference": "0.0.19.10.0.255", "charge_reference": "0.0.19.20.0.255",
                                                 "collection_configuration": ["when_supply_is_disconnected",
                                                                              "in_friendly_credit_periods"]}]),
    (Account.token_gateway_configuration,      f"0101 0202 {CREDIT_NAME} 1164",
                                               [{"credit_reference": "0.0.19.10.0.255", "token_proportion": 100}]),
    (Account.account_activation_time,          "090c ffffffffffffffffff8000ff", "*-*-* *:*:*"),
    (Account.currency,                         "0203 0c03 455552 0ffe 1602",   {"name": "EUR", "scale": -2, "unit": "monetary"}),
    (Account.max_provision,                    "12 0064",                      100),
    (Account.max_provision_period,             "05 00015180",                  86_400),
    (Credit.current_credit_amount,             "05 000003e8",                  1000),
    (Credit.credit_type,                       "16 02",                        "emergency"),
    (Credit.credit_configuration,              "0405 48",                      ["confirmation_needed", "receives_tokens"]),
    (Credit.credit_status,                     "16 04",                        "exhausted"),
    (Credit.period,                            "090c 07e8 01 01 ff 00000000 8000 ff", "2024-01-01 00:00:00"),
    (Credit.period,                            "19 07e8 01 01 ff 00000000 8000 ff", "2024-01-01 00:00:00"),
    (Charge.unit_charge_active,                ENERGY_BY_TARIFF,
                                               {"charge_per_unit_scaling": {"commodity_scale": -3, "price_scale": -2},
                                                "commodity_reference": {"class_id": 3, "logical_name": "1.0.1.8.0.255",
                                                                        "attribute_index": 2},
                                                "charge_table": [{"index": "0x01", "charge_per_unit": 184},
                                                                 {"index": "0x02", "charge_per_unit": -100}]}),
    (Charge.charge_configuration,              "0402 40",                      ["continuous_collection"]),
    (Charge.period,                            "06 0000003c",                  60),
    (TokenGateway.token,                       "0908 0123456789abcdef",        "0x0123456789abcdef"),
    (TokenGateway.token_description,           "0102 0901 31 0900",            ["0x31", "0x"]),
    (TokenGateway.token_delivery_method,       "16 02",                        "manual"),
    (TokenGateway.token_status,                "0202 1606 0408 80",            {"status_code": "validation_failure",
                                                                                "data_value": "10000000"}),
    (Iec6205541Attributes.meter_pan,           "0203 06 00092a97 15 0000000000bc614e 1107",
                                               {"issuer_identification_number": 600_727, "decoder_reference_number": 12_345_678,
                                                "check_digit": 7}),
    (Iec6205541Attributes.commodity,           "0a0b 656c6563747269636974 79", "electricity"),
    (Iec6205541Attributes.token_carrier_types, "0102 1101 1102",               [1, 2]),
    (Iec6205541Attributes.supply_group_code,   "06 0001e240",                  123_456),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (Account.activate_account, "0f 00", 0),
    (Credit.update_amount, "05 ffffffce", -50),
    (Charge.update_unit_charge, "0101 0202 0901 01 100064", [{"index": "0x01", "charge_per_unit": 100}]),
    (Charge.set_total_amount_remaining, "05 00000000", 0),
    (TokenGateway.enter, "090a 30313233343536373839", "0x30313233343536373839"),
]


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)
    assert method.result is None


REFUSED = [
    # attribute                           octets                words
    (Account.account_mode_and_status,     "0202 1600 1601",     "no such enum PaymentMode"),
    (Account.currency,                    "0203 0c00 0f00 1603", "no such enum CurrencyUnit"),
    (Credit.credit_type,                  "16 05",              "no such enum CreditType"),
    (Credit.credit_configuration,         "0408",               "cut short"),
    (Charge.unit_charge_passive,          "0200",               "expected 3 members, got 0"),
    (TokenGateway.token_status,           "0202 1609 0400",     "no such enum TokenStatusCode"),
    (Iec6205541Attributes.meter_pan,      "0203 06 00092a97 06 00bc614e 1107", "expected long64-unsigned, got double-long-unsigned"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (PaymentMode, [1, 2]),
    (AccountStatus, [1, 2, 3]),
    (CreditState, [1, 2, 4, 8, 16, 32, 64]),
    (CurrencyUnit, [0, 1, 2]),
    (CreditType, [0, 1, 2, 3, 4]),
    (CreditStatus, [0, 1, 2, 3, 4]),
    (ChargeType, [0, 1, 2]),
    (TokenDeliveryMethod, [0, 1, 2]),
    (TokenStatusCode, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
]


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers


def test_credit_configuration_is_read_from_a_whole_octet_as_gurux_sends_it() -> None:
    eight_bits = Credit.credit_configuration.datatype.decode(bytes.fromhex("040848"))
    assert eight_bits == Credit.credit_configuration.datatype.decode(bytes.fromhex("040548"))
