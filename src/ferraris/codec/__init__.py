"""Octets to values and back, without a domain word: A-XDR, BER, CRCs, and the columns of a table whose rows share a layout.

A-XDR is re-exported, with the tables of its types for who lays values out in octets; `ber`, `crc`, `records` and, for whole
tables, `row_layout`, `columns`, `compact_array`, `compact_columns` and `compression`, are used by name. Everything here is a pure function of
its octets. What the values mean is for the floors above.
"""

from ferraris.codec.axdr import (
    EMPTY_TAGS,
    FIXED_OCTETS,
    NUMBER_FORMATS,
    STRING_TAGS,
    BitString,
    CompactArray,
    Data,
    Tag,
    decode_data,
    decode_whole,
    encode_data,
    read_length,
    skip_data,
    write_data,
    write_length,
)

__all__ = [
    "EMPTY_TAGS",
    "FIXED_OCTETS",
    "NUMBER_FORMATS",
    "STRING_TAGS",
    "BitString",
    "CompactArray",
    "Data",
    "Tag",
    "decode_data",
    "decode_whole",
    "encode_data",
    "read_length",
    "skip_data",
    "write_data",
    "write_length",
]
