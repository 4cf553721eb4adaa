"""Everything on tokens that people hand in: digits, tables, cards, key changes, rows of vectors."""

from __future__ import annotations

import contextlib
import json

from ferraris.cli.sts_explain import explain_row
from ferraris.cli.sts_rows import answer, decode_row, derive_row, encode_row
from ferraris.sts import (
    IdentificationRecord,
    KeyChangeSection,
    MeterRecord,
    StaTables,
    TokenError,
    assemble_key_change,
    clear_block,
    decode_token,
    encode_token,
    explain_token,
    key_change_sections,
    load_sta_tables,
    token_of_block,
)
from ferraris.sts.packing import pack
from tests.fuzz.files import text_of
from tests.sts.published import EA07_KEY, EA07_METER, KEY, METER, rows
from tests.sts.test_sta_tables import as_toml

DIGITS = tuple(row["expected"].encode() for row in rows() if isinstance(row["expected"], str))[:40]
NOW_MS = 1_795_000_000_000
BLOCK_OCTETS = 8


def token(octets: bytes) -> None:
    """Twenty digits under two keys: what decodes can be encoded, and whatever it is can be explained."""
    text = octets.decode("latin-1")
    for key in (KEY, EA07_KEY):
        with contextlib.suppress(TokenError):
            assert encode_token(decode_token(text, key), key)
    assert explain_token(text[:22], MeterRecord(METER), lambda _: KEY, NOW_MS).text


def block(octets: bytes) -> None:
    """64 bits in clear, with whatever class, check value and algorithm: what is accepted packs into its class."""
    head, bits = octets[:1] or bytes(1), int.from_bytes(octets[1 : 1 + BLOCK_OCTETS].ljust(BLOCK_OCTETS), "big")
    token_class, key = head[0] & 3, EA07_KEY if head[0] & 4 else KEY
    assert pack(token_of_block(token_class, bits, key.algorithm))[0] == token_class


def key_change(octets: bytes) -> None:
    """Sections as they come, ten octets of algorithm, class and data each: a set is whole, or refused."""
    held: dict[bool, list[KeyChangeSection]] = {True: [], False: []}
    for start in range(0, min(len(octets), 80), 10):
        of_ea11 = bool(octets[start] & 1)
        key = KEY if of_ea11 else EA07_KEY
        with contextlib.suppress(TokenError):
            found = token_of_block(2, int.from_bytes(octets[start + 2 : start + 10], "big"), key.algorithm)
            if isinstance(found, KeyChangeSection):
                held[of_ea11].append(found)
    for of_ea11, sections in held.items():
        change = assemble_key_change(sections, KEY if of_ea11 else EA07_KEY)
        assert change.applied_to(METER).tariff_index == change.tariff_index


def identification_record(octets: bytes) -> None:
    record = IdentificationRecord.parse(octets.decode("latin-1"))
    assert IdentificationRecord.parse(record.record2) == record


def sta_tables(octets: bytes) -> None:
    load_sta_tables(text_of(octets), "fuzz")


def row(octets: bytes) -> None:
    """A line is always answered."""
    for compute in (encode_row, decode_row, derive_row, explain_row):
        said = json.loads(answer(octets, compute, StaTables.SAMPLE))
        assert said["ok"] == (said["error"] is None)


def _sections() -> bytes:
    of_ea11 = key_change_sections(KEY, METER, KEY, METER)
    of_ea07 = key_change_sections(EA07_KEY, EA07_METER, EA07_KEY, EA07_METER)
    return b"".join(
        bytes((of_algorithm, 2)) + clear_block(section)[1].to_bytes(BLOCK_OCTETS, "big")
        for of_algorithm, sections in ((1, of_ea11), (0, of_ea07))
        for section in sections
    )


DIGIT_SEEDS = tuple(digits for digits in DIGITS if len(digits) == 20)
BLOCK_SEEDS = tuple(
    bytes((given["token_class"],)) + bytes.fromhex(given["block"])
    for given in (each["inputs"] for each in rows())
    if "block" in given and "token_class" in given and "key" not in given
)
KEY_CHANGE_SEEDS = (_sections(),)
RECORD_SEEDS = (
    b"00000260060135803400000207999907012",
    b";000002600601358034===0207999907012?",
    b"600727000000000009=2606=0211201457011",
)
TABLE_SEEDS = (as_toml(StaTables.SAMPLE).encode(),)
ROW_SEEDS = tuple(json.dumps(each).encode() for each in rows()[::17])
