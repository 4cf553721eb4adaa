"""ISO/IEC 14908 diagnostic, class 133: the state of a node's communication module."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject, Method
from ferraris.cosem.types import ENUM, INTEGER, LONG_UNSIGNED, UNSIGNED


class IsoIec14908DiagnosticV0(CosemObject, class_id=133, version=0):
    """Signal quality, module state and causes of failure. The version of IEC 62056-8-8.

    The numbers of its enumerations are not known from public sources.
    """

    plc_signal_quality_status = Attribute(2, ENUM, DYNAMIC)
    com_module_state = Attribute(3, ENUM, DYNAMIC)
    received_message_status = Attribute(4, UNSIGNED, DYNAMIC)
    no_receive_buffer = Attribute(5, LONG_UNSIGNED, DYNAMIC)
    transmit_no_data = Attribute(6, LONG_UNSIGNED, DYNAMIC)
    backlog_overflows = Attribute(7, LONG_UNSIGNED, DYNAMIC)
    late_ack = Attribute(8, LONG_UNSIGNED, DYNAMIC)
    frequency_invalid = Attribute(9, LONG_UNSIGNED, DYNAMIC)


class IsoIec14908Diagnostic(IsoIec14908DiagnosticV0, class_id=133, version=1):
    """Can be set back to zero. Blue Book 4.19.5."""

    reset = Method(1, INTEGER)
