"""IEC HDLC setup, class 23: what its two versions say of an HDLC port."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.iec_hdlc_setup import IecHdlcSetup, IecHdlcSetupV0
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(23, (0, 1), """
    number  name                            v0             v1
    1       logical_name                    logical name   =
    2       comm_speed                      enum BaudRate  =
    3       window_size_transmit            unsigned       =
    4       window_size_receive             unsigned       =
    5       max_info_field_length_transmit  unsigned       long-unsigned
    6       max_info_field_length_receive   unsigned       long-unsigned
    7       inter_octet_time_out            long-unsigned  =
    8       inactivity_time_out             long-unsigned  =
    9       device_address                  long-unsigned  =
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (IecHdlcSetup.logical_name.datatype,                      "0906 0000160000ff",  "0.0.22.0.0.255"),
    (IecHdlcSetup.comm_speed.datatype,                        "16 05",              "baud_9600"),
    (IecHdlcSetup.window_size_transmit.datatype,              "11 01",              1),
    (IecHdlcSetup.window_size_receive.datatype,               "11 07",              7),
    (IecHdlcSetupV0.max_info_field_length_transmit.datatype,  "11 80",              128),
    (IecHdlcSetup.max_info_field_length_transmit.datatype,    "12 07ee",            2030),
    (IecHdlcSetup.max_info_field_length_receive.datatype,     "12 0080",            128),
    (IecHdlcSetup.inter_octet_time_out.datatype,              "12 0019",            25),
    (IecHdlcSetup.inactivity_time_out.datatype,               "12 0078",            120),
    (IecHdlcSetup.device_address.datatype,                    "12 0010",            16),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)


def test_the_older_version_has_lengths_of_one_octet() -> None:
    with pytest.raises(DecodeError, match="expected unsigned, got long-unsigned"):
        IecHdlcSetupV0.max_info_field_length_receive.datatype.decode(bytes.fromhex("120080"))
