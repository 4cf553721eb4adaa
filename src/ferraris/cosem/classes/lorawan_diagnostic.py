"""LoRaWAN diagnostic, class 129: what an end-device has counted, and how well it hears."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, ENUM, INTEGER
from ferraris.kernel.units import Unit


class LorawanDiagnostic(CosemObject, class_id=129, version=0):
    """Frames, presumably unconfirmed (`u`) and confirmed (`c`), MAC commands, error rate, level, noise. Blue Book 4.17.2.3.

    Attributes and types are those of one public extract of edition 16, confirmed in number and order by one implementation;
    the error codes are known from neither.
    """

    internal_error_code = Attribute(2, ENUM, DYNAMIC)
    out_frames_u_counter = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    out_frames_c_counter = Attribute(4, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_frames_u_counter = Attribute(5, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_frames_c_counter = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_mac_command_counter = Attribute(7, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_mac_ans_error_counter = Attribute(8, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_mac_ignored_counter = Attribute(9, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    in_per = Attribute(10, INTEGER, DYNAMIC, unit=Unit.PERCENT)
    in_mean_rssi_rx1 = Attribute(11, INTEGER, DYNAMIC, unit=Unit.DECIBEL_MILLIWATT)
    in_mean_snr_rx1 = Attribute(12, INTEGER, DYNAMIC, unit=Unit.DECIBEL)
    in_mean_rssi_rx2 = Attribute(13, INTEGER, DYNAMIC, unit=Unit.DECIBEL_MILLIWATT)
    in_mean_snr_rx2 = Attribute(14, INTEGER, DYNAMIC, unit=Unit.DECIBEL)

    reset = Method(1, INTEGER)
