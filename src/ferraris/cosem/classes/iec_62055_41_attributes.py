"""IEC 62055-41 attributes, class 116: what a meter knows of itself as a reader of STS tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import (
    DOUBLE_LONG_UNSIGNED,
    LONG64_UNSIGNED,
    UNSIGNED,
    VISIBLE_STRING,
    Array,
    Structure,
)


@dataclass(frozen=True, slots=True)
class MeterPrimaryAccountNumber:
    """The number of a meter among all STS meters: issuer, decoder reference number, check digit."""

    issuer_identification_number: Annotated[int, DOUBLE_LONG_UNSIGNED]
    decoder_reference_number: Annotated[int, LONG64_UNSIGNED]
    check_digit: Annotated[int, UNSIGNED]


class Iec6205541Attributes(CosemObject, class_id=116, version=0):
    """The data elements of IEC 62055-41; those of the key change only by key change tokens. Blue Book 4.6.6."""

    meter_pan = Attribute(2, Structure(MeterPrimaryAccountNumber), STATIC)
    commodity = Attribute(3, VISIBLE_STRING, STATIC)
    token_carrier_types = Attribute(4, Array(UNSIGNED), STATIC)
    encryption_algorithm = Attribute(5, UNSIGNED, STATIC)
    supply_group_code = Attribute(6, DOUBLE_LONG_UNSIGNED, DYNAMIC)
    tariff_index = Attribute(7, UNSIGNED, DYNAMIC)
    key_revision_number = Attribute(8, UNSIGNED, DYNAMIC)
    key_type = Attribute(9, UNSIGNED, DYNAMIC)
    key_expiry_number = Attribute(10, UNSIGNED, DYNAMIC)
    no_of_kct_supported = Attribute(11, UNSIGNED, STATIC)
    sts_certificate_no = Attribute(12, VISIBLE_STRING, STATIC)
