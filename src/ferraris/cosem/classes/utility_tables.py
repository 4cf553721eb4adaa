"""Utility tables, class 26: a table of ANSI C12.19 in a COSEM object."""

from __future__ import annotations

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import DOUBLE_LONG_UNSIGNED, LONG_UNSIGNED, OCTET_STRING


class UtilityTables(CosemObject, class_id=26, version=0):
    """The contents of one table and their length in octets. Blue Book 4.3.7."""

    table_id = Attribute(2, LONG_UNSIGNED, STATIC)
    length = Attribute(3, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    buffer = Attribute(4, OCTET_STRING, DYNAMIC)
