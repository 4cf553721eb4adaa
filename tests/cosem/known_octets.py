"""What every table of known octets is held to: they read as the plain value, are written as they came, and bear no cut."""

from __future__ import annotations

from typing import Any

import pytest

from ferraris.cosem import to_plain
from ferraris.cosem.types import DataType
from ferraris.kernel.errors import DecodeError


def assert_holds(datatype: DataType[Any], octets_text: str, plain: object) -> None:
    """`octets_text`, hex with spaces for the reader, is `plain` and nothing else."""
    octets = bytes.fromhex(octets_text)
    value = datatype.decode(octets)
    assert to_plain(value) == plain
    assert datatype.encode(value) == octets
    for cut in range(len(octets)):
        with pytest.raises(DecodeError):
            datatype.decode(octets[:cut])
    with pytest.raises(DecodeError):
        datatype.decode(octets + b"\x00")
