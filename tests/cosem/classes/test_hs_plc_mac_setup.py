"""High-speed power line carrier after ISO/IEC 12139-1, classes 140 to 143."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.hs_plc_cpas_setup import HsPlcCpasSetup
from ferraris.cosem.classes.hs_plc_hdlc_ssas_setup import HsPlcHdlcSsasSetup
from ferraris.cosem.classes.hs_plc_ip_ssas_setup import HsPlcIpSsasSetup
from ferraris.cosem.classes.hs_plc_mac_setup import HsPlcMacSetup
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

HS_PLC_MAC_SETUP = """
    number  name                    v0
    1       logical_name            logical name
    2       group_id                long64-unsigned
    3       secondary_group_id      long64-unsigned
    4       station_id              long64-unsigned
    5       parent_station_id       long64-unsigned
    6       repeater_status         boolean
    7       encryption_mode         enum
    8       initial_encryption_key  octet-string
    9       rts_cts                 boolean
"""

HS_PLC_CPAS_SETUP = """
    number  name                         v0
    1       logical_name                 logical name
    2       cpas_address                 long64-unsigned
    3       cpas_ether_type              long-unsigned
    4       master_station_cpas_address  long64-unsigned
"""

HS_PLC_IP_SSAS_SETUP = """
    number  name                 v0
    1       logical_name         logical name
    2       ip_header_comp_type  enum
    3       ip_alive_time        long-unsigned
"""

HS_PLC_HDLC_SSAS_SETUP = """
    number  name               v0
    1       logical_name       logical name
    2       master_station_id  long64-unsigned
"""

VERSIONS = [
    (140, (0,), HS_PLC_MAC_SETUP),
    (141, (0,), HS_PLC_CPAS_SETUP),
    (142, (0,), HS_PLC_IP_SSAS_SETUP),
    (143, (0,), HS_PLC_HDLC_SSAS_SETUP),
]

ATTRIBUTES = [
    # attribute                            octets                    plain
    (HsPlcMacSetup.station_id,             "15 0000000102030405",    0x0102030405),
    (HsPlcMacSetup.repeater_status,        "03 01",                  True),
    (HsPlcMacSetup.initial_encryption_key, "0902 cafe",              "0xcafe"),
    (HsPlcCpasSetup.cpas_ether_type,       "12 88e1",                0x88E1),
    (HsPlcIpSsasSetup.ip_header_comp_type, "16 01",                  1),
    (HsPlcIpSsasSetup.ip_alive_time,       "12 0000",                0),
    (HsPlcHdlcSsasSetup.master_station_id, "15 ffffffffffffffff",    (1 << 64) - 1),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), ATTRIBUTES)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


REFUSED = [
    (HsPlcMacSetup.group_id, "06 00000001", "expected long64-unsigned, got double-long-unsigned"),
    (HsPlcMacSetup.rts_cts,  "11 01",       "expected boolean, got unsigned"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "words"), REFUSED)
def test_refused_octets(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))
