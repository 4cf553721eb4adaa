"""IEC HDLC setup, class 23: the parameters of an HDLC port, as far as they are not negotiated."""

from __future__ import annotations

from ferraris.cosem.classes.baud_rate import BaudRate
from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, UNSIGNED, Enumerated
from ferraris.kernel.units import Unit


class _IecHdlcSetup(CosemObject):
    """What both versions have alike."""

    comm_speed = Attribute(2, Enumerated(BaudRate), STATIC)
    window_size_transmit = Attribute(3, UNSIGNED, STATIC)
    window_size_receive = Attribute(4, UNSIGNED, STATIC)
    inter_octet_time_out = Attribute(7, LONG_UNSIGNED, STATIC)
    inactivity_time_out = Attribute(8, LONG_UNSIGNED, STATIC, unit=Unit.SECOND)
    device_address = Attribute(9, LONG_UNSIGNED, STATIC)


class IecHdlcSetupV0(_IecHdlcSetup, class_id=23, version=0):
    """Information fields of up to 255 octets."""

    max_info_field_length_transmit = Attribute(5, UNSIGNED, STATIC)
    max_info_field_length_receive = Attribute(6, UNSIGNED, STATIC)


class IecHdlcSetup(_IecHdlcSetup, class_id=23, version=1):
    """Speed, window, information field, timeouts and physical address of an HDLC port. Blue Book 4.7.2.

    `inter_octet_time_out` is in milliseconds. No inactivity timeout is 0 seconds.
    """

    max_info_field_length_transmit = Attribute(5, LONG_UNSIGNED, STATIC)
    max_info_field_length_receive = Attribute(6, LONG_UNSIGNED, STATIC)
