"""The keys with which a tool talks to one meter, from a file that its owner alone may read.

Either TOML, for one meter:

    encryption_key = "000102030405060708090a0b0c0d0e0f"
    authentication_key = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
    secret = "12345678"                  # of LLS, or the shared one of an HLS mechanism; octets after 0x
    master_key = "…"                     # of keys that come wrapped
    suite = 1                            # of the keys: 0, 1 or 2; the keys' sizes and curves say it too
    signing_key = "our-key.pem"          # ours: a file in PEM, or the number in hexadecimal
    agreement_key = "…"                  # the same, of key agreement
    meter_signing_key = "meter.pem"      # the meter's: a certificate, a public key, or the point in hexadecimal
    meter_agreement_key = "…"
    system_title = "4645520000000001"    # the client's; a default stands in
    meter_system_title = "…"             # the only meter to talk to; a certificate says it too

in which files are looked for beside this one; or the list that `ferraris meter serve` writes, of which the line with the URL's
host and port is taken, behind a gateway that with the serial which is the meter's address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferraris.cli.key_pair_files import MeterPoints, private_key, public_key
from ferraris.cli.limited_text import private_text_of
from ferraris.cli.meter_url import MeterUrl
from ferraris.cosem import SecuritySuite
from ferraris.dlms import KeyPairs, KeyPurpose
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.tables import parse_toml

TOOL_SYSTEM_TITLE: Final = b"FERTOOL1"
"""Of a client that is not told another: not the head-end's, whose invocation counters are its own."""
KEY_OCTETS: Final = (0, 16, 32)
MASTER_KEY_OCTETS: Final = (0, 16, 24, 32)
SUITES: Final = tuple(int(suite) for suite in SecuritySuite)
SYSTEM_TITLE_OCTETS: Final = (0, 8)


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What is known; empty octets for what is not. `profile` names the meter's companion profile, where a list says it."""

    encryption_key: bytes = field(default=b"", repr=False)
    authentication_key: bytes = field(default=b"", repr=False)
    secret: bytes = field(default=b"", repr=False)
    system_title: bytes = TOOL_SYSTEM_TITLE
    meter_system_title: bytes | None = None
    profile: str | None = None
    master_key: bytes = field(default=b"", repr=False)
    suite: SecuritySuite | None = None
    key_pairs: KeyPairs | None = None


@dataclass(frozen=True, slots=True)
class _KeyFile:
    encryption_key: str = ""
    authentication_key: str = ""
    secret: str = ""
    master_key: str = ""
    suite: int | None = None
    signing_key: str = ""
    agreement_key: str = ""
    meter_signing_key: str = ""
    meter_agreement_key: str = ""
    system_title: str = ""
    meter_system_title: str = ""


def read_keys(path: Path, url: MeterUrl | None = None) -> ClientKeys:
    """The keys in `path` for the meter at `url`. Raises ConfigError, which never repeats a key."""
    text = private_text_of(path)
    if text.lstrip().startswith("{"):
        if url is None:
            raise ConfigError(f"{path} lists several meters", expected="a file of keys in TOML, for one meter")
        return _from_list(text, path, url)
    try:
        named = parse_toml(text, _KeyFile, str(path))
    except Exception as error:
        raise ConfigError(f"{path} is no file of keys", expected="keys in TOML, or a list of meters") from error
    return _keys_of(path, named)


def _keys_of(path: Path, named: _KeyFile) -> ClientKeys:
    title = _hexadecimal(path, "meter_system_title", named.meter_system_title, SYSTEM_TITLE_OCTETS) or None
    key_pairs, title = _key_pairs(path, named, title)
    return ClientKeys(
        _hexadecimal(path, "encryption_key", named.encryption_key, KEY_OCTETS),
        _hexadecimal(path, "authentication_key", named.authentication_key, KEY_OCTETS),
        _secret(path, named.secret),
        _hexadecimal(path, "system_title", named.system_title, SYSTEM_TITLE_OCTETS) or TOOL_SYSTEM_TITLE,
        title,
        master_key=_hexadecimal(path, "master_key", named.master_key, MASTER_KEY_OCTETS),
        suite=_suite(path, named.suite),
        key_pairs=key_pairs,
    )


def _key_pairs(path: Path, named: _KeyFile, title: bytes | None) -> tuple[KeyPairs | None, bytes | None]:
    """Our key pairs with what we know of the meter's, and the meter's system title, which its certificate may tell."""
    signing = private_key(path, "signing_key", named.signing_key)
    agreement = private_key(path, "agreement_key", named.agreement_key)
    points = MeterPoints(title)
    for name, text, purpose in (
        ("meter_signing_key", named.meter_signing_key, KeyPurpose.SIGNING),
        ("meter_agreement_key", named.meter_agreement_key, KeyPurpose.AGREEMENT),
    ):
        if text:
            points.take(path, name, public_key(path, name, text), purpose)
    curves = {key.curve.name for key in (signing, agreement) if key is not None} | points.curves
    if not curves:
        return None, title
    if len(curves) > 1:
        raise ConfigError(f"key pairs in {path}", expected="all on one curve", got=" and ".join(sorted(curves)))
    return KeyPairs(points.known, signing, agreement), points.title


def _suite(path: Path, number: object) -> SecuritySuite | None:
    if number is None:
        return None
    if number not in SUITES:
        raise ConfigError(f"suite in {path}", expected="0, 1 or 2", got=number)
    return SecuritySuite(number)


def _from_list(text: str, path: Path, url: MeterUrl) -> ClientKeys:
    for line in text.splitlines():
        try:
            row = read_json_object(line, "the line")
        except ConfigError:  # which may repeat some of it
            raise ConfigError(
                f"{path} is no list of meters", expected="an object of JSON a line, each field once"
            ) from None
        if _is_of(row, url):
            return _of_row(path, row)
    expected = "a line with its host and port" if url.gateway is None else "a line with its serial"
    raise ConfigError(f"{path} does not list the meter", expected=expected, got=url)


def _is_of(row: dict[str, object], url: MeterUrl) -> bool:
    if url.gateway is not None:  # by its serial, which is the address of a virtual meter behind a gateway
        return str(row.get("serial")).encode(errors="replace") == url.gateway.device
    if url.carrier.is_device:  # the speed is the line's business
        there = row.get("host") == url.device
    else:
        there = (row.get("host"), row.get("port")) == (url.host, url.port)
    physical = row.get("physical_address")
    return there and (physical is None or url.physical_address in (None, physical))


def _of_row(path: Path, row: dict[str, object]) -> ClientKeys:
    def octets(name: str, sizes: tuple[int, ...]) -> bytes:
        return _hexadecimal(path, name, str(row.get(name) or ""), sizes)

    def text(name: str) -> str:
        return str(row.get(name) or "")

    title = octets("system_title", SYSTEM_TITLE_OCTETS) or None
    pairs = _KeyFile(
        signing_key=text("signing_key"),
        agreement_key=text("agreement_key"),
        meter_signing_key=text("public_key"),
        meter_agreement_key=text("public_agreement_key"),
    )
    return ClientKeys(
        octets("encryption_key", KEY_OCTETS),
        octets("authentication_key", KEY_OCTETS),
        octets("lls_secret", ()),
        meter_system_title=title,
        profile=str(row["profile"]) if row.get("profile") else None,
        master_key=octets("master_key", MASTER_KEY_OCTETS),
        suite=_suite(path, row.get("suite")),
        key_pairs=_key_pairs(path, pairs, title)[0],
    )


def _secret(path: Path, text: str) -> bytes:
    return _hexadecimal(path, "secret", text[2:], ()) if text.startswith("0x") else text.encode()


def _hexadecimal(path: Path, name: str, text: str, sizes: tuple[int, ...]) -> bytes:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = None
    if octets is None or (sizes and len(octets) not in sizes):
        wanted = " or ".join(f"{2 * size}" for size in sizes if size) or "pairs of"
        raise ConfigError(f"{name} in {path}", expected=f"{wanted} hexadecimal digits", got="something else")
    return octets
