"""TCP-UDP setup, class 41."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.tcp_udp_setup import TcpUdpSetup
from ferraris.cosem.types import DataType
from tests.cosem.known_octets import assert_holds

VERSIONS = [(41, (0,), """
    number  name                 v0
    1       logical_name         logical name
    2       tcp_udp_port         long-unsigned
    3       ip_reference         logical name
    4       mss                  long-unsigned
    5       nb_of_sim_conn       unsigned
    6       inactivity_time_out  long-unsigned
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (TcpUdpSetup.logical_name.datatype,         "0906 0000190000ff",  "0.0.25.0.0.255"),
    (TcpUdpSetup.tcp_udp_port.datatype,         "12 0fdb",            4059),
    (TcpUdpSetup.ip_reference.datatype,         "0906 0000190100ff",  "0.0.25.1.0.255"),
    (TcpUdpSetup.mss.datatype,                  "12 0240",            576),
    (TcpUdpSetup.nb_of_sim_conn.datatype,       "11 01",              1),
    (TcpUdpSetup.inactivity_time_out.datatype,  "12 00b4",            180),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)
