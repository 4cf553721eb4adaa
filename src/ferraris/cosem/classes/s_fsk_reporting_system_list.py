"""S-FSK reporting system list, class 56: the servers that an initiator has discovered."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, Attribute, CosemObject
from ferraris.cosem.types import OCTET_STRING, Array


class SFskReportingSystemList(CosemObject, class_id=56, version=0):
    """The system titles of servers that reported themselves. Blue Book 4.10.8."""

    reporting_system_list = Attribute(2, Array(OCTET_STRING), DYNAMIC)
