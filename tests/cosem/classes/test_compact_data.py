"""Compact data, class 62: what is captured into the buffer, and the template that tells its types."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import Attribute
from ferraris.cosem.classes.compact_data import CompactData, CompactDataV0
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(62, (0, 1), """
    number  name                  v0                      v1
    1       logical_name          logical name            =
    2       compact_buffer        octet-string            =
    3       capture_objects       array of CaptureObject  array of RestrictedAttribute
    4       template_id           unsigned                =
    5       template_description  octet-string            =
    6       capture_method        enum CaptureMethod      =
    -1      reset                 integer                 =
    -2      capture               integer                 =
""")]  # fmt: skip

CLOCK = "0204 120008 0906 0000010000ff 0f02 120000"
CLOCK_READ = {"class_id": 8, "logical_name": "0.0.1.0.0.255", "attribute_index": 2, "data_index": 0}
LAST_ROWS = "0205 120007 0906 0100630100ff 0f02 120000 0202 1602 0202 120001 120004"

KNOWN = [
    # attribute                          octets                          plain
    (CompactDataV0.logical_name,         "0906 00004200 00ff",           "0.0.66.0.0.255"),
    (CompactDataV0.compact_buffer,       "0905 01 000004d2",             "0x01000004d2"),
    (CompactDataV0.capture_objects,      f"0102 {CLOCK} {CLOCK}",        [CLOCK_READ, CLOCK_READ]),
    (CompactDataV0.template_id,          "11 65",                        101),
    (CompactDataV0.template_description, "0904 02 02 11 06",             "0x02021106"),
    (CompactDataV0.capture_method,       "16 00",                        "on_invocation"),
    (CompactData.capture_method,         "16 01",                        "implicit"),
    (CompactData.capture_objects,        f"0101 {LAST_ROWS}",
                                         [{"class_id": 7, "logical_name": "1.0.99.1.0.255", "attribute_index": 2,
                                           "data_index": 0,
                                           "restriction": {"restriction_type": "entry", "restriction_value": [1, 4]}}]),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "octets", "plain"), KNOWN)
def test_known_octets(attribute: Attribute[Any], octets: str, plain: object) -> None:
    assert_holds(attribute.datatype, octets, plain)


@pytest.mark.parametrize(
    ("attribute", "octets", "words"),
    [
        (CompactData.capture_objects, f"0101 {CLOCK}", "expected 5 members, got 4"),
        (CompactDataV0.capture_objects, f"0101 {LAST_ROWS}", "expected 4 members, got 5"),
        (CompactData.capture_method, "1602", "no such enum CaptureMethod"),
    ],
)
def test_one_versions_octets_are_not_anothers(attribute: Attribute[Any], octets: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        attribute.datatype.decode(bytes.fromhex(octets))
