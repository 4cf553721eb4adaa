"""Loaders of files and addresses that people hand in: profiles, quirks, push layouts, object lists, keys, captures, loads."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from ferraris import cosem, dlms
from ferraris.cli.decoded_messages import headline, message_to_json, messages_of_file
from ferraris.cli.key_file import read_keys
from ferraris.cli.meter_url import MeterUrl
from ferraris.cosem.quirks import QuirkFile
from ferraris.dlms.inspect.push_layouts import PushLayoutFile
from ferraris.dlms.key_encodings import private_key_from_pem, public_key_from_octets
from ferraris.kernel.errors import TableError
from ferraris.kernel.tables import parse_toml
from ferraris.meter.csv_replay import CsvReplay
from tests.fuzz.decoders import GREEN_BOOK_KEYS
from tests.fuzz.seeds import captures, seeds, short_texts

COSEM = Path(cosem.__file__).parent
DLMS = Path(dlms.__file__).parent
CSV_SEED = b"time,active_import_wh\n2026-01-01T00:00:00Z,1\n2026-01-01T00:15:00Z,2\n"


def text_of(octets: bytes) -> str:
    """As a file is read; octets that are no text are refused there."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise TableError("no text", expected="UTF-8") from None


def as_file(read: Callable[[Path], object], suffix: str = "") -> Callable[[bytes], None]:
    """A reader of files, as a reader of octets."""

    def decode(octets: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            Path(file.name).write_bytes(octets)
            read(Path(file.name))

    return decode


def profile(octets: bytes) -> None:
    """A profile that holds together can be listed for each of its associations, and written out."""
    built = cosem.profile_from_text(text_of(octets), "fuzz")
    for name in built.associations:
        built.object_list(name)


def quirk(octets: bytes) -> None:
    parse_toml(text_of(octets), QuirkFile, "fuzz")


def push_layout(octets: bytes) -> None:
    parse_toml(text_of(octets), PushLayoutFile, "fuzz")


def object_list(octets: bytes) -> None:
    cosem.object_list_from_text(text_of(octets), "fuzz")


def meter_url(octets: bytes) -> None:
    """Where a URL leads, it leads when it is written anew."""
    parsed = MeterUrl.parse(text_of(octets))
    again = MeterUrl.parse(str(parsed))
    assert (again.carrier, again.host, again.port, again.device) == (
        parsed.carrier, parsed.host, parsed.port, parsed.device,
    )  # fmt: skip


def key_file(path: Path) -> None:
    read_keys(path, MeterUrl.parse("tcp://127.0.0.1:4059"))


def public_key_file(octets: bytes) -> None:
    """A certificate or a public key, in DER or in PEM."""
    public_key_from_octets(octets)


def private_key_file(octets: bytes) -> None:
    private_key_from_pem(octets)


def decode_tool(path: Path) -> None:
    """`ferraris decode FILE`, up to the screen."""
    for message in messages_of_file(path, GREEN_BOOK_KEYS):
        headline(message)
        message_to_json(message, octets=True)


def replay(path: Path) -> None:
    CsvReplay.read(path)


PROFILES = short_texts(COSEM / "profiles", "*.toml")
QUIRKS = short_texts(COSEM / "tables" / "quirks", "*.toml")
LAYOUTS = short_texts(DLMS / "inspect" / "tables" / "push_layouts", "*.toml")
OBJECT_LISTS = (
    (
        b'{"objects": [{"class_id": 8, "version": 0, "logical_name": "0.0.1.0.0.255", "attributes":'
        b' [{"attribute_id": 2, "access": 3}], "methods": {"1": 1}}]}'
    ),
    b"0102020412000809060000010000ff0f02120000020412000809060000010000ff0f0212000",
    *PROFILES[:3],
)
KEYS_BESIDE = b'signing_key = "our-key.pem"\nmeter_signing_key = "%s"\nmeter_system_title = "4645520000000001"\n' % (
    b"04" + b"11" * 64
)
URLS = (
    b"tcp://127.0.0.1:4059?client=16&server=1",
    b"udp://[::1]:4059",
    b"hdlc+tcp://meter.example:4059?physical=17&address_octets=4",
    b"serial:///dev/ttyUSB0?baud=9600",
    b"rfc2217://meter.example:4001?mode=e",
)
KEY_FILES = (
    (
        b'encryption_key = "000102030405060708090a0b0c0d0e0f"\nauthentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"\n'
        b'secret = "0x3132"\nsystem_title = "4645520000000001"\n'
    ),
    KEYS_BESIDE,
    (
        b'{"host": "127.0.0.1", "port": 4059, "encryption_key": "000102030405060708090a0b0c0d0e0f", "system_title":'
        b' "4645520000000001", "lls_secret": "31", "profile": "smr5_three_phase"}\n'
    ),
)


@cache
def capture_files() -> tuple[bytes, ...]:
    """A capture of TCP, one of bare octets, lines of JSON, hexadecimal digits, and octets as they are."""
    apdus = [*seeds()["wrapper"], *seeds()["hdlc"]]
    tcp = _pcap(101, [_tcp(1 + 100 * place, octets) for place, octets in enumerate(apdus)])
    bare = _pcap(147, [octets for octets in captures() if len(octets) < 200][:4])
    lines = b"".join(b'{"direction": "sent", "hex": "%s"}\n' % octets.hex().encode() for octets in apdus)
    return tcp, bare, lines, apdus[0].hex().encode(), apdus[-1]


def _pcap(link_type: int, records: list[bytes]) -> bytes:
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link_type)
    return header + b"".join(struct.pack("<IIII", 1, 0, len(one), len(one)) + one for one in records)


def _tcp(sequence: int, octets: bytes) -> bytes:
    """An IP datagram with a segment of TCP; nobody here looks at the sums."""
    segment = struct.pack(">HHIIBBHHH", 40_000, 4059, sequence, 0, 5 << 4, 0x18, 1_000, 0, 0) + octets
    return (
        struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0, b"\x7f\0\0\1", b"\x7f\0\0\2") + segment
    )
