"""Gurux reads the buffers of our meter that are no plain arrays, and our compact data by their template."""

from __future__ import annotations

import pytest

from ferraris.codec import Data, Tag
from ferraris.cosem.compact_buffer import pack, template_of, unpack
from tests.interop.own_meter import VOLTAGES, OwnMeter
from tests.interop.peers.process import PeerProcess
from tests.interop.test_own_meter import FIRST_ROW_MS, LOAD_PROFILE, PERIOD_S, ROWS, Reader

PEER_ROLE = "client"
pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

READING = {"client_sap": 2, "authentication": "low"}
DAILY_PROFILE = "1.0.99.2.0.255"


@pytest.fixture
def reader(gurux: PeerProcess, compressed_meter: OwnMeter) -> Reader:
    return Reader(gurux, compressed_meter, compressed_meter)


def test_a_load_profile_as_a_compact_array(reader: Reader) -> None:
    (profile,) = reader.values(READING, ["profile", LOAD_PROFILE])
    assert [row[0] for row in profile["rows"]] == [FIRST_ROW_MS + n * PERIOD_S * 1000 for n in range(ROWS)]
    assert {row[6] for row in profile["rows"]} == {VOLTAGES[0]}


def test_a_daily_profile_with_null_data(reader: Reader) -> None:
    """Gurux fills the time; the values it leaves as they are sent."""
    (profile,) = reader.values(READING, ["profile", DAILY_PROFILE])
    assert len(profile["rows"]) == 2
    assert profile["rows"][1][2] != profile["rows"][0][2]


def test_compact_data_by_their_template(gurux: PeerProcess) -> None:
    entries = [
        (
            Data(int(Tag.OCTET_STRING), bytes((n, 2, 3))),
            Data(int(Tag.DOUBLE_LONG_UNSIGNED), 70_000 + n),
            Data(int(Tag.LONG), -n),
        )
        for n in range(3)
    ]
    template, buffer = template_of(entries[0]), b"".join(map(pack, entries))
    answer = gurux.ask({"do": "compact_data", "template": template.hex(), "buffer": buffer.hex()})
    assert answer["template"] == template.hex(), "Gurux makes the same template of these types"
    assert answer["values"] == [[row[0].value.hex(), row[1].value, row[2].value] for row in entries]
    assert unpack(bytes.fromhex(answer["template"]), buffer) == entries
