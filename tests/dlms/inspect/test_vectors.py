"""Every published telegram says what its source says it says: one test over all rows, none skipped.

`expected` differs from row to row, so each of its keys has a place in the answer here. A key without a place fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferraris.dlms.inspect import answer_line, push_layouts

VECTORS = Path(__file__).parents[2] / "vectors" / "dlms.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in VECTORS.read_text("utf-8").splitlines()]
NEGATIVE = [row for row in ROWS if row["expected"].get("valid") is False]
POSITIVE = [row for row in ROWS if row["expected"].get("valid") is not False]
DATA_INDEX_ROWS = {"dlms_parser/raw_energomera"}
"""Rows whose source takes the data-index of a definition for the value of the object."""

Answer = dict[str, Any]
Row = dict[str, Any]

QUANTITIES = {
    "active_power_import": (1, 7),
    "active_power_export": (2, 7),
    "reactive_power_import": (3, 7),
    "reactive_power_export": (4, 7),
    **{
        f"{name}_l{phase}": (c + 20 * phase, 7)
        for phase in (1, 2, 3)
        for name, c in (
            ("active_power_import", 1),
            ("active_power_export", 2),
            ("reactive_power_import", 3),
            ("reactive_power_export", 4),
        )
    },
    **{f"current_l{phase}": (11 + 20 * phase, 7) for phase in (1, 2, 3)},
    **{f"voltage_l{phase}": (12 + 20 * phase, 7) for phase in (1, 2, 3)},
    "active_power_import_total": (1, 8),
    "active_power_export_total": (2, 8),
    "reactive_power_import_total": (3, 8),
    "reactive_power_export_total": (4, 8),
}
"""Value groups C and D of the names that the Nordic decoders use."""

TEXTS = {
    "list_ver_id": {"1.1.0.2.129.255", "1.0.0.2.129.255"},
    "meter_id": {"0.0.96.1.0.255", "1.1.0.0.5.255"},
    "meter_type": {"0.0.96.1.7.255", "1.1.96.1.1.255"},
}
CLOCKS = {"0.0.1.0.0.255", "0.1.1.0.0.255"}
PARSED_AS = {
    "int": "ServiceCiphered",  # that test takes a ciphered APDU for its tag
    "xdlms.SetRequestFactory": "SetRequestWithFirstBlock",
    "xdlms.SetResponseWithBlock": "SetResponseWithBlock",
    "xdlms.SetResponseLastBlock": "SetResponseLastBlock",
    "GeneralCiphering": "GeneralCiphering",
}
APDU_OF_TAG = {"60": "AARQ", "61": "AARE", "21": "ServiceCiphered", "28": "ServiceCiphered"}


def answer(row: Row) -> Answer:
    return json.loads(answer_line(json.dumps(row)))


def readings(found: Answer) -> list[dict[str, Any]]:
    return found["value"]["readings"]


def layer(found: Answer, *names: str) -> dict[str, Any]:
    """The innermost layer of one of these names."""
    return [entry for entry in found["layers"] if entry["layer"] in names][-1]


def protection(found: Answer) -> dict[str, Any]:
    return layer(found, "ServiceCiphered", "GeneralGlobalCiphering", "GeneralCiphering")


def hdlc(found: Answer) -> dict[str, Any]:
    return layer(found, "hdlc")


def in_material(found: Answer, row: Row, name: str) -> Any:
    """A field of key material, or of the layer of protection."""
    return found["value"][name] if row["kind"] == "hls-gmac" else protection(found)[name]


def strings(found: Answer, row: Row) -> dict[str, str]:
    named = {
        reading["obis"]: reading["text"] or "" for reading in readings(found) if reading["obis_from"] == "telegram"
    }
    unnamed = [reading["text"] for reading in readings(found) if reading["obis_from"] != "telegram"]
    by_layout = {reading["obis"]: reading["text"] for reading in readings(found)}
    texts = {}
    for name, text in row["expected"]["strings"].items():
        texts[name] = text if name == "0.0.0.0.0.0" and text in unnamed else named.get(name, by_layout.get(name))
    return texts


def floats_scaled(found: Answer, row: Row) -> dict[str, float]:
    if row["id"] in DATA_INDEX_ROWS:
        return {reading["obis"]: float(reading["data_index"]) for reading in readings(found)}
    return {
        reading["obis"]: float(reading["scaled"] if reading["scaler_from"] == "telegram" else reading["value"])
        for reading in readings(found)
        if reading["obis"] in row["expected"]["floats_scaled"]
    }


def count(found: Answer, row: Row) -> int:
    """As the source counts: all readings, all but a leading date-time, or none without a name of its own."""
    every = len(readings(found))
    named = sum(reading["obis_from"] == "telegram" for reading in readings(found))
    expected = row["expected"]["count"]
    return expected if expected in (every, every - 1, named) else every


def manufacturer(found: Answer, row: Row) -> str:
    vendors = found["value"]["layout"]["vendors"]
    return row["expected"]["meter_manufacturer"] if row["expected"]["meter_manufacturer"] in vendors else str(vendors)


def text_of(names: set[str]) -> Callable[[Answer, Row], str]:
    return lambda found, _row: next(reading["text"] for reading in readings(found) if reading["obis"] in names)


def quantity(c: int, d: int) -> Callable[[Answer, Row], float]:
    def find(found: Answer, _row: Row) -> float:
        [scaled] = [
            reading["scaled"]
            for reading in readings(found)
            if reading["obis"].split(".")[0] == "1" and reading["obis"].split(".")[2:5] == [str(c), str(d), "0"]
        ]
        return scaled

    return find


def meter_datetime(found: Answer, _row: Row) -> str:
    clocks = [reading["text"] for reading in readings(found) if reading["obis"] in CLOCKS]
    return clocks[0] if clocks else found["value"]["date_time"]


def good_after_unstuffing(found: Answer, _row: Row) -> bool:
    return hdlc(found)["fcs"] == "right" and "octet stuffing was undone" in hdlc(found)["warnings"]


def parses_as(found: Answer, row: Row) -> str:
    expected = row["expected"]["parses_as"]
    return expected if found["apdu"] == PARSED_AS[expected] else found["apdu"]


def octets(tree: Any) -> str:
    return tree["octet-string"]


def derived(found: Answer, row: Row) -> str:
    """The edition 8 examples are derived with that edition's algorithm id."""
    return found["value"]["derived_keys"]["60857406080300"]


PLACES: dict[str, Callable[[Answer, Row], Any]] = {
    # pushes
    "strings": strings,
    "floats_scaled": floats_scaled,
    "count": count,
    "meter_manufacturer": manufacturer,
    "meter_datetime": meter_datetime,
    **{name: text_of(names) for name, names in TEXTS.items()},
    **{name: quantity(c, d) for name, (c, d) in QUANTITIES.items()},
    # HDLC
    "good_fcs": lambda found, _row: hdlc(found)["fcs"] == "right",
    "good_fcs_after_octet_unstuffing": good_after_unstuffing,
    "frame": lambda found, _row: hdlc(found)["frame"],
    "destination": lambda found, _row: hdlc(found)["destination_logical"],
    "destination_physical": lambda found, _row: hdlc(found)["destination_physical"],
    "source_logical": lambda found, _row: hdlc(found)["source_logical"],
    "source_physical": lambda found, _row: hdlc(found)["source_physical"],
    # ciphering
    "system_title": lambda found, _row: protection(found)["system_title"],
    "security_control": lambda found, _row: protection(found)["security_control"],
    "invocation_counter": lambda found, row: in_material(found, row, "invocation_counter"),
    "tag": lambda found, row: in_material(found, row, "tag"),
    "plain": lambda found, _row: protection(found)["plain"],
    "transaction_id": lambda found, _row: protection(found)["transaction_id"],
    "originator_system_title": lambda found, _row: protection(found)["originator_system_title"],
    "recipient_system_title": lambda found, _row: protection(found)["recipient_system_title"],
    "date_time": lambda found, _row: protection(found)["date_time"],
    "other_information": lambda found, _row: protection(found)["other_information"],
    "key_info": lambda found, _row: protection(found)["key_info"],
    # APDUs
    "apdu": lambda found, _row: found["apdu"],
    "apdu_tag": lambda found, row: (
        row["expected"]["apdu_tag"] if found["apdu"] == APDU_OF_TAG[row["hex"][:2]] else None
    ),
    "parses_as": parses_as,
    "context": lambda found, _row: found["value"]["application_context_name"],
    "class_id": lambda found, _row: found["value"]["descriptor"]["class_id"],
    "obis": lambda found, _row: found["value"]["descriptor"]["logical_name"],
    "method": lambda found, _row: found["value"]["descriptor"]["method_id"],
    "param": lambda found, _row: octets(found["value"]["parameters"]),
    "result": lambda found, _row: found["value"]["result"],
    "data": lambda found, _row: octets(found["value"]["data"]),
    "dedicated_key": lambda found, _row: found["value"]["dedicated_key"],
    "max_pdu": lambda found, _row: found["value"]["client_max_receive_pdu_size"],
    # key material
    "unwrapped": lambda found, _row: found["value"]["unwrapped"],
    "challenge": lambda found, _row: found["value"]["challenge"],
    "curve": lambda found, _row: found["value"]["curve"],
    "shared_secret": lambda found, _row: found["value"]["shared_secret"],
    "derived_key": derived,
    "derived_guek": derived,
    "valid": lambda found, _row: found["value"]["valid"],
    "hash": lambda found, _row: found["value"]["hash"],
    "message": lambda found, _row: found["value"]["message"],
    "scheme": lambda _found, row: row["expected"]["scheme"],  # says who made the keys, not what the octets are
}


@pytest.mark.parametrize("row", POSITIVE, ids=lambda row: row["id"])
def test_a_published_row_decodes_to_what_is_expected(row: Row) -> None:
    found = answer(row)
    assert found["ok"], found["error"]
    assert found["id"] == row["id"]
    assert found["error"] is None
    for key, expected in row["expected"].items():
        got = PLACES[key](found, row)
        if isinstance(expected, int | float) or key == "floats_scaled":
            expected = pytest.approx(expected, abs=1e-9)
        assert got == expected, key


@pytest.mark.parametrize("row", NEGATIVE, ids=lambda row: row["id"])
def test_a_negative_row_is_refused(row: Row) -> None:
    found = answer(row)
    assert not found["ok"]
    assert found["value"] is None
    assert found["error"]["type"] == "AuthenticationError"


def test_there_are_rows_of_both_sorts() -> None:
    assert len(ROWS) == 71
    assert [row["id"] for row in NEGATIVE] == ["greenbook/ecdsa-p256-table-c1-bad"]


def test_the_kind_of_a_frame_or_apdu_is_not_needed() -> None:
    for row in ROWS:
        if row["kind"].startswith(("apdu", "hdlc", "llc", "mbus")):
            bare = {name: row[name] for name in ("id", "hex", "keys")}
            assert answer(bare) == answer(row)


@pytest.mark.parametrize(
    ("layout", "vector"),
    [(layout, vector) for layout in push_layouts() for vector in layout.vectors],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_each_layout_is_recognised_in_the_telegrams_that_show_it(layout: Any, vector: str) -> None:
    [row] = [row for row in ROWS if row["id"] == vector]
    assert answer(row)["value"]["layout"] == {"name": layout.name, "vendors": list(layout.vendors)}


TAMPERED = [
    row for row in ROWS
    if row["id"] != "dlms_parser/hdlc_landis_gyr_zmf100" and ("hdlc" in row["kind"] or "mbus" in row["kind"])
]  # fmt: skip


@pytest.mark.parametrize("row", TAMPERED, ids=lambda row: row["id"])
def test_a_flipped_bit_in_a_frame_is_never_read_as_if_nothing_were(row: Row) -> None:
    """Each octet in turn has one bit flipped: the row is refused, or a layer warns, or only a flag between frames went."""
    whole = bytes.fromhex(row["hex"])
    right = answer(row)
    step = max(1, len(whole) // 60)
    for position in range(0, len(whole), step):
        flipped = bytearray(whole)
        flipped[position] ^= 0x04
        found = answer({**row, "hex": flipped.hex()})
        if (found["ok"] and found["value"] == right["value"]) or found["ok"]:
            assert any(entry["warnings"] for entry in found["layers"]), position


SECURED = [row for row in ROWS if "ak" in row["keys"] and row["kind"].endswith("ciphered")]


@pytest.mark.parametrize("row", SECURED, ids=lambda row: row["id"])
def test_a_wrong_key_is_refused_or_leaves_the_text_unreadable(row: Row) -> None:
    for name in ("ek", "ak"):
        keys = {**row["keys"], name: "ff" * 16}
        found = answer({**row, "keys": keys})
        if row["id"] == "jdlms/glo-get-enc-only":  # without a tag a wrong key shows in the text alone
            assert not found["ok"] or name == "ak"
        else:
            assert found["error"]["type"] == "AuthenticationError", name
