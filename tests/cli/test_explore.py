"""`ferraris explore` against a virtual meter: the whole object list, readable values, a profile that equals the meter's."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ferraris.cli import main
from ferraris.cli.explore import readable
from ferraris.client import ExploredAttribute, ExploredObject
from ferraris.codec import Data, Tag
from ferraris.cosem import AccessMode, AccessRight, Obis, ObjectListElement, load_profile, profile_from_text
from tests.cli.meters import Served, meters_served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with meters_served(tmp_path_factory.mktemp("meters")) as served:
        yield served


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["ferraris", "explore", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.run()
    return int(ended.value.code or 0)


def explored(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert call(monkeypatch, "--json", *arguments) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_tree_with_names_units_and_times(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, served.url(1), "--keys", str(served.registry)) == 0
    out = capsys.readouterr().out
    for piece in ("1.0.1.8.0.255", "Register (3, version 0)", "Wh", "FER0000000000001", "+0", "round trips", "230.1 V"):
        assert piece in out, piece


def test_json_has_every_readable_attribute(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = explored(monkeypatch, capsys, served.url(1), "--keys", str(served.registry))
    profile = load_profile("smr5_single_phase")
    listed = profile.object_list("management")
    assert [entry["logical_name"] for entry in document["objects"]] == [str(e.logical_name) for e in listed]
    attributes = [attribute for entry in document["objects"] for attribute in entry["attributes"]]
    assert not [attribute for attribute in attributes if attribute["refusal"] or attribute["deviation"]]
    unread = {attribute["name"] for attribute in attributes if attribute["octets"] is None and attribute["access"] & 1}
    assert unread == {"logical_name", "object_list", "buffer"}
    read = sum(attribute["octets"] is not None for attribute in attributes)
    assert document["round_trips"] == 1 + -(-read // 64)
    voltage = next(entry for entry in document["objects"] if entry["logical_name"] == "1.0.32.7.0.255")
    value = voltage["attributes"][1]
    assert (value["scaled"], value["unit"], value["text"]) == ("230.1", "V", "230.1 V")


def test_buffers_on_demand(served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    document = explored(monkeypatch, capsys, served.url(1), "--keys", str(served.registry), "--buffers")
    load = next(entry for entry in document["objects"] if entry["logical_name"] == "1.0.99.1.0.255")
    buffer, in_use = load["attributes"][1], load["attributes"][6]
    assert len(buffer["value"]) in (in_use["value"], in_use["value"] - 1)


def test_the_saved_profile_equals_the_meters_list(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.toml"
    assert call(monkeypatch, served.url(2), "--keys", str(served.registry), "--save", str(path)) == 0
    assert "as the meter lists them" in " ".join(capsys.readouterr().err.split())
    saved = profile_from_text(path.read_text(), "mine")
    assert saved.object_list("explored") == load_profile("smr5_single_phase").object_list("reading")


def test_the_saved_profile_keeps_types_and_fixed_values(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.toml"
    assert call(monkeypatch, served.url(1), "--keys", str(served.registry), "--save", str(path)) == 0
    saved, original = profile_from_text(path.read_text(), "mine"), load_profile("smr5_single_phase")
    assert saved.name == "mine"
    assert saved.object_list("explored") == original.object_list("management")
    for entry in original.objects:
        mine = saved.find(entry.class_id, entry.logical_name)
        assert mine is not None
        assert mine.scaler_unit == entry.scaler_unit
        assert mine.capture_objects == entry.capture_objects
        assert mine.capture_period_s == entry.capture_period_s


def test_over_udp(served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    document = explored(monkeypatch, capsys, served.url(2, "udp"), "--keys", str(served.registry))
    assert document["objects"]


def test_over_hdlc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with meters_served(tmp_path, hdlc=True) as meter:
        document = explored(monkeypatch, capsys, meter.url(1, "hdlc+tcp"), "--keys", str(meter.registry))
        assert len(document["objects"]) == len(load_profile("smr5_single_phase").object_list("management"))


def test_a_client_without_an_object_list_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, served.url(16)) == 2
    assert "shows this client no object list" in capsys.readouterr().err


def test_counters_never_fall_behind_the_meter(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second file of keys knows nothing of the counters used under the first: the meter says where to go on."""
    line = json.loads(served.registry.read_text().splitlines()[0])
    for name in ("one.toml", "two.toml"):
        path = tmp_path / name
        path.write_text("".join(f'{key} = "{line[key]}"\n' for key in ("encryption_key", "authentication_key")))
        path.chmod(0o600)
        assert explored(monkeypatch, capsys, served.url(1), "--keys", str(path), "--auth", "hls-gmac")["objects"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["tcp://127.0.0.1:1"], "No connection to"),
        (["http://x"], "no URL of a meter"),
        (["tcp://127.0.0.1:1?client=1", "--auth", "hls-gmac"], "without keys"),
        (["tcp://127.0.0.1:1?client=1", "--keys", "/no/such/file"], "No such file"),
        # Nobody listens at port 1: what is told of the file is told before the meter is asked for anything.
        (["tcp://127.0.0.1:1", "--save", "/"], "/: Is a directory. A file is wanted here."),
        (["tcp://127.0.0.1:1", "--save", "/no/such/mine.toml"], "/no/such: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert complaint in shown.err
    assert shown.err.count("\n") == 1


HOSTILE = "\x1b]0;owned\x07 \x1b[2J\x9b31m"


@pytest.mark.parametrize(
    "value",
    [
        HOSTILE,
        HOSTILE.encode("latin-1"),
        Data(Tag.VISIBLE_STRING, HOSTILE.encode("latin-1")),
        Data(Tag.UTF8_STRING, HOSTILE.encode()),
        Data(Tag.OCTET_STRING, HOSTILE.encode("latin-1")),
        Data(Tag.STRUCTURE, (Data(Tag.UTF8_STRING, HOSTILE.encode()), Data(Tag.UNSIGNED, 7))),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_meter_does_not_write_to_the_terminal_by_itself(value: object) -> None:
    attribute = ExploredAttribute(2, AccessMode.READ, None, b"\x00", value=value)
    element = ObjectListElement(1, 0, Obis.parse("0.0.96.1.0.255"), AccessRight((), ()))
    assert readable(ExploredObject(element, None, (attribute,)), attribute).isprintable()
