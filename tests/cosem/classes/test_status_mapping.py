"""Status mapping, class 63: a status word of any type, and where the meaning of its bits stands."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem.classes.status_mapping import StatusMapping
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError
from tests.cosem.known_octets import assert_holds

VERSIONS = [(63, (0,), f"""
    number  name           v0
    1       logical_name   logical name
    2       status_word    {StatusMapping.status_word.datatype.name}
    3       mapping_table  StatusMappingTable
""")]  # fmt: skip

KNOWN = [
    # type  octets  plain
    (StatusMapping.logical_name.datatype,   "0906 0000600503ff",               "0.0.96.5.3.255"),
    (StatusMapping.status_word.datatype,    "04 0a ff80",                      "1111111110"),
    (StatusMapping.status_word.datatype,    "11 81",                           129),
    (StatusMapping.status_word.datatype,    "15 0000000000000001",             1),
    (StatusMapping.mapping_table.datatype,  "0202 1101 12 0064",
     {"ref_table_id": 1, "ref_table_mapping": 100}),
    (StatusMapping.mapping_table.datatype,  "0202 1101 0102 12 0064 12 0068",
     {"ref_table_id": 1, "ref_table_mapping": [100, 104]}),
]  # fmt: skip


@pytest.mark.parametrize(("datatype", "octets", "plain"), KNOWN)
def test_known_octets(datatype: DataType[Any], octets: str, plain: object) -> None:
    assert_holds(datatype, octets, plain)


def test_a_status_word_is_no_signed_number() -> None:
    with pytest.raises(DecodeError, match="got double-long"):
        StatusMapping.status_word.datatype.decode(bytes.fromhex("0500000001"))
