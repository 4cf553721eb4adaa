"""TCP-UDP setup, class 41: the port at which the wrapper is served."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LOGICAL_NAME, LONG_UNSIGNED, UNSIGNED
from ferraris.kernel.units import Unit


class TcpUdpSetup(CosemObject, class_id=41, version=0):
    """Port, segment size in octets, connections at a time and inactivity timeout. Blue Book 4.9.1.

    `ip_reference` names the object that holds the IP address. An inactivity timeout of 0 is none.
    """

    tcp_udp_port = Attribute(2, LONG_UNSIGNED, STATIC)
    ip_reference = Attribute(3, LOGICAL_NAME, STATIC)
    mss = Attribute(4, LONG_UNSIGNED, STATIC)
    nb_of_sim_conn = Attribute(5, UNSIGNED, STATIC)
    inactivity_time_out = Attribute(6, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
