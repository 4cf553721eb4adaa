"""The published vectors of STS, `tests/vectors/sts.jsonl`, as configurations, keys and rows."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ferraris.sts import (
    BaseDate,
    DecoderKey,
    EncryptionAlgorithm,
    KeyDerivation,
    KeyType,
    MeterPan,
    StsConfiguration,
    derive_decoder_key,
)

FILE = Path(__file__).parents[1] / "vectors" / "sts.jsonl"
Row = dict[str, Any]


@cache
def rows() -> tuple[Row, ...]:
    """Every row of the file."""
    return tuple(json.loads(line) for line in FILE.read_text("utf-8").splitlines())


def rows_of(algorithm: str) -> list[Row]:
    """Those whose algorithm begins with `algorithm`."""
    return [row for row in rows() if row["algorithm"].startswith(algorithm)]


def id_of(row: Row) -> str:
    """For the names of tests."""
    return str(row["id"])


def configuration_of(inputs: Row) -> StsConfiguration:
    """What the inputs of a row say of a meter."""
    return StsConfiguration(
        MeterPan.parse(inputs["pan"]),
        EncryptionAlgorithm(inputs["ea"]),
        inputs["sgc"],
        inputs["krn"],
        KeyType(inputs["kt"]),
        int(inputs["ti"]),
        BaseDate.of_year(inputs["base_date"]),
        inputs.get("ken", 255),
        KeyDerivation(inputs["dkga"]),
    )


def key_of(inputs: Row) -> DecoderKey:
    """The decoder key of that meter."""
    return derive_decoder_key(bytes.fromhex(inputs["vk"]), configuration_of(inputs))


VENDING_KEY = bytes.fromhex("abababababababab949494949494949401234567")
"""The one of the published vectors."""
METER = StsConfiguration(
    MeterPan.parse("600727000000000009"), EncryptionAlgorithm.EA11, "201457", 1, KeyType.DUTK, 1, BaseDate.Y2014
)
"""A meter of the published vectors, with EA11."""
EA07_METER = replace(METER, encryption_algorithm=EncryptionAlgorithm.EA07)
KEY = derive_decoder_key(VENDING_KEY, METER)
EA07_KEY = derive_decoder_key(VENDING_KEY, EA07_METER)
