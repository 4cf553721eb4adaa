"""Every decoder, as a function of octets that may raise nothing but an error of ours."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ferraris import cosem
from ferraris.codec import ber, columns, decode_whole, encode_data, skip_data
from ferraris.dlms import (
    Association,
    AssociationSettings,
    NotificationDecoder,
    Role,
    WrapperReceiver,
)
from ferraris.dlms.apdu import decode_apdu
from ferraris.dlms.hdlc import decode_frame, join_segments, split_frames
from ferraris.dlms.inspect import InspectionKeys, answer_line, inspect
from ferraris.dlms.mbus_segments import decode_segments, join_pieces
from ferraris.kernel.entropy import SeededEntropy
from ferraris.kernel.errors import FerrarisError
from ferraris.meter.csv_replay import CsvReplay
from tests.fuzz import systems

SEEDS = Path(__file__).with_name("seeds.txt")
TELEGRAMS = Path(__file__).parents[1] / "vectors" / "dlms.jsonl"
GREEN_BOOK_KEYS = InspectionKeys(
    bytes(range(16)),
    bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"),
    bytes.fromhex("4d4d4d0000bc614e"),
    bytes(range(16)),
)


@dataclass(frozen=True)
class Target:
    """A decoder and the well-formed octets that mutations start from."""

    name: str
    decode: Callable[[bytes], object]
    seeds: tuple[bytes, ...]

    def run(self, octets: bytes) -> None:
        """Decode; errors of ours are the right answer to wrong octets, anything else comes out."""
        with contextlib.suppress(FerrarisError):
            self.decode(octets)


@cache
def seeds() -> dict[str, tuple[bytes, ...]]:
    """The lines of `seeds.txt`, by kind."""
    found: dict[str, tuple[bytes, ...]] = {}
    for line in SEEDS.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, digits = line.split()
            found[kind] = (*found.get(kind, ()), bytes.fromhex(digits))
    return found


@cache
def telegrams() -> tuple[bytes, ...]:
    """The published telegrams, a line of JSON each."""
    return tuple(TELEGRAMS.read_bytes().splitlines())


@cache
def captures() -> tuple[bytes, ...]:
    """Their octets, of every kind and in every framing."""
    return tuple(bytes.fromhex(json.loads(line)["hex"]) for line in telegrams())


def a_xdr(octets: bytes) -> None:
    """What decodes encodes to octets that decode and encode to the same (a NaN equals its octets only); the boundary
    finder agrees."""
    again = encode_data(decode_whole(octets))
    assert encode_data(decode_whole(again)) == again
    assert skip_data(octets, 0) == len(octets)


def apdu(octets: bytes) -> None:
    decoded = decode_apdu(octets)
    assert decode_apdu(decoded.encode()) == decoded


def wrapper_in_pieces(octets: bytes) -> None:
    """A stream cut into single octets gives what it gives whole."""
    whole, cut = WrapperReceiver(), WrapperReceiver()
    whole_error = cut_error = None
    try:
        whole.receive(octets)
    except FerrarisError as error:
        whole_error = type(error)
    try:
        for octet in octets:
            cut.receive(bytes([octet]))
    except FerrarisError as error:
        cut_error = type(error)
    assert whole_error == cut_error
    assert list(whole.events()) == list(cut.events())


def attributes(octets: bytes) -> None:
    """Every attribute of every interface class refuses or takes the same octets; what it takes it can write."""
    for interface in cosem.interface_classes():
        for attribute in interface.attributes():
            try:
                value = attribute.datatype.decode(octets)
            except FerrarisError:
                continue
            attribute.datatype.encode(value)


def engine(role: Role) -> Callable[[bytes], None]:
    """An association engine that stands up to anything: it must not raise at all, and must let go what it was sent."""

    def receive(octets: bytes) -> None:
        association = Association(role, AssociationSettings(), entropy=SeededEntropy(1))
        association.receive(octets, 0)
        association.events()
        association.outgoing()

    return receive


def profile_csv(octets: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_bytes(octets)
        CsvReplay.read(Path(file.name))


TARGETS = (
    Target("a-xdr", a_xdr, seeds()["data"]),
    Target("table", lambda octets: columns.decode_table(octets).rows(), seeds()["table"]),
    Target("ber", lambda octets: ber.read_element(octets, 0, len(octets)), seeds()["apdu"]),
    Target("apdu", apdu, seeds()["apdu"]),
    Target("attributes", attributes, (*seeds()["data"], *seeds()["table"])),
    Target("notification", NotificationDecoder().decode, seeds()["notification"]),
    Target("wrapper", wrapper_in_pieces, seeds()["wrapper"]),
    Target("hdlc", lambda octets: join_segments(map(decode_frame, split_frames(octets))), seeds()["hdlc"]),
    Target("m-bus", lambda octets: join_pieces(decode_segments(octets)), seeds()["m-bus"]),
    Target("inspect", inspect, tuple(octets for group in seeds().values() for octets in group)),
    Target("captures", lambda octets: inspect(octets, GREEN_BOOK_KEYS), captures()),
    Target("json-lines", answer_line, telegrams()),
    Target("server", engine(Role.SERVER), seeds()["apdu"]),
    Target("client", engine(Role.CLIENT), seeds()["apdu"]),
    Target("meter", systems.meter, systems.meter_seeds()),
    Target("registry", systems.registry, (systems.REGISTERED,)),
    Target("csv", profile_csv, (b"time,active_import_wh\n2026-01-01T00:00:00Z,1\n2026-01-01T00:15:00Z,2\n",)),
)
