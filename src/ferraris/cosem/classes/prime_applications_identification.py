"""PRIME NB OFDM PLC applications identification, class 86: what firmware, by whom, in what product."""

from __future__ import annotations

from ferraris.cosem.declaration import STATIC, Attribute, CosemObject
from ferraris.cosem.types import LONG_UNSIGNED, OCTET_STRING


class PrimeApplicationsIdentification(CosemObject, class_id=86, version=0):
    """The firmware of the PRIME node. Blue Book 4.12.11."""

    firmware_version = Attribute(2, OCTET_STRING, STATIC)
    vendor_id = Attribute(3, LONG_UNSIGNED, STATIC)
    product_id = Attribute(4, LONG_UNSIGNED, STATIC)
