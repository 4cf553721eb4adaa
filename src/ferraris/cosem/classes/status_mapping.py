"""Status mapping, class 63: what the bits of a status word mean, told by a table that others keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from ferraris.codec import Data, Tag
from ferraris.cosem.declaration import DYNAMIC, STATIC, Attribute, CosemObject
from ferraris.cosem.types import UNSIGNED, Choice, Structure

STATUS_WORD: Final = Choice(
    Tag.BIT_STRING,
    Tag.DOUBLE_LONG_UNSIGNED,
    Tag.OCTET_STRING,
    Tag.VISIBLE_STRING,
    Tag.UTF8_STRING,
    Tag.UNSIGNED,
    Tag.LONG_UNSIGNED,
    Tag.LONG64_UNSIGNED,
)
"""Whatever its type, it is read as bits."""


@dataclass(frozen=True, slots=True)
class StatusMappingTable:
    """A reference table and the entries the bits stand for: a first entry, from which they follow, or one for each bit."""

    ref_table_id: Annotated[int, UNSIGNED]
    ref_table_mapping: Annotated[Data, Choice(Tag.LONG_UNSIGNED, Tag.ARRAY)]


class StatusMapping(CosemObject, class_id=63, version=0):
    """A status word and the meaning of its bits. Blue Book 4.3.9."""

    status_word = Attribute(2, STATUS_WORD, DYNAMIC)
    mapping_table = Attribute(3, Structure(StatusMappingTable), STATIC)
