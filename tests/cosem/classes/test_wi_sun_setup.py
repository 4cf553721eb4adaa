"""Wi-SUN, classes 95 to 98: the node, its links, its routes and its multicasts."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem import Attribute, Method
from ferraris.cosem.classes.mpl_diagnostic import MplDiagnostic
from ferraris.cosem.classes.rpl_diagnostic import ModeOfOperation, RplDiagnostic
from ferraris.cosem.classes.wi_sun_diagnostic import WiSunDiagnostic
from ferraris.cosem.classes.wi_sun_setup import ChannelPlan, WiSunSetup
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

WI_SUN_SETUP = """
    number  name                            v0
    1       logical_name                    logical name
    2       network_name                    octet-string
    3       routing_method                  enum
    4       pan_id                          long-unsigned
    5       disc_imin                       unsigned
    6       disc_imax                       unsigned
    7       data_message_imin               unsigned
    8       data_message_imax               unsigned
    9       default_dio_interval_min        unsigned
    10      default_dio_interval_doublings  unsigned
    11      channel_plan                    ChannelPlan
    12      channel_function                enum
    13      excluded_channels               any type
    14      join_state                      enum
    15      reg_channel_exclusions          ChannelExclusions
    -1      reset_join_state                integer
"""

WI_SUN_DIAGNOSTIC = """
    number  name                v0
    1       logical_name        logical name
    2       sys_descr           octet-string
    3       if_number           any type
    4       if_table            array of Interface
    5       neighbour_table     array of Neighbour
    6       transmission_table  array of Transmissions
    -1      reset               integer
"""

RPL_DIAGNOSTIC = """
    number  name                  v0
    1       logical_name          logical name
    2       rpl_instance_id       unsigned
    3       dodag_version_number  unsigned
    4       dodag_rank            long
    5       grounded              boolean
    6       mode_of_operation     enum ModeOfOperation
    7       dodag_prf             unsigned
    8       dodag_dtsn            unsigned
    9       dodag_id              octet-string
    -1      reset                 integer
"""

MPL_DIAGNOSTIC = """
    number  name                  v0
    1       logical_name          logical name
    2       proactive_forwarding  boolean
    3       z                     unsigned
    4       tunit                 unsigned
    5       se_lifetime           long-unsigned
    6       dm_k                  unsigned
    7       dm_imin               long-unsigned
    8       dm_imax               unsigned
    9       dm_t_exp              long-unsigned
    10      c_k                   unsigned
    11      c_imin                long-unsigned
    12      c_imax                unsigned
    13      c_t_exp               long-unsigned
    -1      reset                 integer
"""

VERSIONS = [
    (95, (0,), WI_SUN_SETUP),
    (96, (0,), WI_SUN_DIAGNOSTIC),
    (97, (0,), RPL_DIAGNOSTIC),
    (98, (0,), MPL_DIAGNOSTIC),
]

ATTRIBUTES = [
    # attribute                             octets                          plain
    (WiSunSetup.network_name,               "0906 57492053554e",            "0x57492053554e"),
    (WiSunSetup.pan_id,                     "12 0001",                      1),
    (WiSunSetup.channel_plan,               "0202 1601 1602",               {"regulatory_domain": 1, "operating_class": 2}),
    (WiSunSetup.excluded_channels,          "0408 a5",                      "10100101"),
    (WiSunSetup.reg_channel_exclusions,     "0202 1208 00 0408 01",         {"number_of_channels": 0x800, "excluded_channels": "00000001"}),
    (WiSunDiagnostic.if_table,              ("0101 020c 0901 61 0901 62 0600000001 0600000002 0600000003 0600000004 0600000005 "
                                            "0600000006 0600000007 0600000008 0600000009 060000000a"),
                                            [{"if_descr": "0x61", "if_phys_address": "0x62", "if_in_octets": 1, "if_in_ucast_pkts": 2,
                                              "if_in_nucast_pkts": 3, "if_in_errors": 4, "if_in_unknown_protos": 5, "if_out_octets": 6,
                                              "if_out_ucast_pkts": 7, "if_out_nucast_pkts": 8, "if_out_errors": 9, "if_out_qlen": 10}]),
    (WiSunDiagnostic.neighbour_table,       "0101 0205 0908 0011223344556677 1600 120100 0fce 120080",
                                            [{"neighbour_id": "0x0011223344556677", "neighbour_type": 0, "device_rank": 256,
                                              "rssi": -50, "etx_to_parent": 128}]),
    (WiSunDiagnostic.transmission_table,    "0101 0204 0900 1101 1102 1103",
                                            [{"neighbour_id": "0x", "number_of_receptions": 1,
                                              "number_of_successful_transmissions": 2, "number_of_failed_transmissions": 3}]),
    (RplDiagnostic.dodag_rank,              "10 0100",                      256),
    (RplDiagnostic.mode_of_operation,       "16 01",                        "non_storing"),
    (RplDiagnostic.dodag_id,                "0910 20010db8000000000000000000000001", "0x20010db8000000000000000000000001"),
    (MplDiagnostic.proactive_forwarding,    "03 01",                        True),
    (MplDiagnostic.c_t_exp,                 "12 8ee4",                      36_580),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


ORDERS = [
    (WiSunSetup.reset_join_state, "0f 00", 0),
    (WiSunDiagnostic.reset, "0f 00", 0),
    (RplDiagnostic.reset, "0f 00", 0),
    (MplDiagnostic.reset, "0f 00", 0),
]  # fmt: skip


@pytest.mark.parametrize(("method", "octets", "plain"), ORDERS)
def test_known_octets_of_orders(method: Method[Any, Any], octets: str, plain: object) -> None:
    assert_holds(method.argument, octets, plain)


REFUSED = [
    (RplDiagnostic.mode_of_operation, "16 04",     "no such enum ModeOfOperation"),
    (WiSunSetup.channel_plan,         "0201 1101", "expected 2 members, got 1"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))


NUMBERS = [
    (ModeOfOperation, [0, 1, 2, 3]),
]  # fmt: skip


@pytest.mark.parametrize(("enumeration", "numbers"), NUMBERS)
def test_numbers_are_those_of_the_standard(enumeration: Any, numbers: list[int]) -> None:
    assert [int(member) for member in enumeration] == numbers


def test_members_of_unknown_types_keep_the_type_they_came_with() -> None:
    plan = WiSunSetup.channel_plan.datatype.decode(bytes.fromhex("02021601120002"))
    assert plan == ChannelPlan(Data(Tag.ENUM, 1), Data(Tag.LONG_UNSIGNED, 2))
