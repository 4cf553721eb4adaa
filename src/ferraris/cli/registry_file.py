"""The file that a head-end's meters come from: one JSON object a line, checked whole before anything of it is on record.

A line must have `serial`, `profile` and `host`, and the keys that its association needs. All else has a default, or follows from the
companion profile's association between the two service access points:

    profile                             a name, or the path of a file (….toml) beside this one
    link                                tcp, udp, hdlc+tcp, serial, rfc2217, mbus, mbus+tcp, coap or coap-non; host is the
                                        device of a line
    port, baud                          the speed is for serial lines
    physical_address, address_octets    of HDLC; the primary address of M-Bus
    secondary_address                   of M-Bus, such as 12345678.FER.01.02
    gateway                             NETWORK:ADDRESS of a meter behind one
    client_sap, server_sap, group, created_ms
    decoder_reference_number            of a prepayment meter, to which sold tokens are brought
    referencing                         logical_name or short_name
    authentication, context             lowest, lls, hls … hls_ecdsa; plain or ciphered
    suite, policy                       0 to 2; authenticated, encrypted or both
    ciphering                           glo, ded, general-glo or general-ded; for general-ciphering, how its key is told:
                                        identified, wrapped, one-pass or static-unified
    system_title, encryption_key, authentication_key, lls_secret, master_key, signing_key, public_key, agreement_key,
    public_agreement_key                octets in hexadecimal; lls_secret is the secret of HLS too, public keys the meter's

What is wrong is told for all lines at once, in a table that repeats nothing of them: there are keys in the lines.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from ferraris.dlms import KEY_OCTETS_OF, Curve, PrivateKey, curve_of_suite, is_on_curve
from ferraris.headend import (
    AUTHENTICATIONS,
    CIPHERINGS,
    CONTEXTS,
    POLICIES,
    REFERENCINGS,
    SUITES,
    Terms,
    listed,
    terms_of,
)
from ferraris.kernel.errors import ConfigError, SecurityError, TableError
from ferraris.kernel.json_text import read_json_object
from ferraris.kernel.limits import LLS_SECRET_OCTETS_MAX
from ferraris.kernel.network_address import EXPECTED_HOST, HOST_CHARACTERS_MAX, is_host
from ferraris.keys import MasterKey
from ferraris.runtime import companion_profile, framing_of
from ferraris.store import MeterRow
from ferraris.sts import MeterPan, StsError

LINKS: Final = ("tcp", "udp", "hdlc+tcp", "serial", "rfc2217", "mbus", "mbus+tcp", "coap", "coap-non")
BAUD_OF: Final = {"serial": 9600, "mbus": 2400}
"""Links whose host is a serial line's device, with the usual speed."""
COAP_LINKS: Final = ("coap", "coap-non")
MANAGEMENT_CLIENT_SAP: Final = 1
DLMS_PORT: Final = 4059
COAP_PORT: Final = 5683
NAME_CHARACTERS_MAX: Final = 64
PATH_CHARACTERS_MAX: Final = 1_024
SYSTEM_TITLE_OCTETS: Final = 8
CREATED_MS_MAX: Final = 253_402_300_799_999
"""The end of the year 9999."""
FAULTS_SHOWN_MAX: Final = 50
PORTS: Final = range(1, 0x1_0000)
BAUDS: Final = range(50, 4_000_001)
SAPS: Final = range(0x1_0000)
PHYSICAL_ADDRESSES: Final = range(0x4000)
SYMMETRIC_KEYS: Final = ("encryption_key", "authentication_key", "master_key")
WRAPPED: Final = "wrapped"
OF_FLEETS: Final = frozenset({"number"})
"""What the list of a virtual fleet says beyond that; tools read it."""
FIELDS: Final = OF_FLEETS | {
    *("serial", "profile", "host", "port", "baud", "link", "physical_address", "address_octets", "gateway", "group"),
    "secondary_address",
    *("client_sap", "server_sap", "created_ms", "referencing", "authentication", "context", "suite", "policy"),
    *("ciphering", "system_title", "encryption_key", "authentication_key", "lls_secret", "signing_key", "public_key"),
    *("master_key", "agreement_key", "public_agreement_key", "decoder_reference_number"),
}


class Fault(NamedTuple):
    """What is wrong with one field of one line."""

    line: int
    field: str
    expected: str


class RegistryError(ConfigError):
    """Lines of a registry are no meters; `table` says which, and why."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        count, first = len({fault.line for fault in faults}), faults[0]
        lines = "1 line is not a meter" if count == 1 else f"{count} lines are not meters"
        super().__init__(f"{path}: {lines}: line {first.line}: {first.field}", expected=first.expected)
        self.table = _table(faults)


class LineError(Exception):
    """A line is no meter; `faults` as (field, expected)."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(", ".join(field for field, _ in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is from: what relative paths start from, and what the head-end wraps keys under."""

    directory: Path
    master_key: MasterKey
    now_ms: int


def read_registry(path: Path, place: Place, known: Mapping[str, MeterRow], next_id: int) -> list[MeterRow]:
    """The rows of the file, those of `known` serials with their numbers. Raises ConfigError, which tells all that is wrong."""
    owners = {row.system_title: row.serial for row in known.values() if row.system_title}
    rows: list[MeterRow] = []
    faults: list[Fault] = []
    serials: set[str] = set()
    for number, line in _lines(path):
        try:
            row = _placed(row_of(_parsed(line), place), known, next_id)
            _check_unique(row, owners, serials)
        except LineError as error:
            faults += [Fault(number, *fault) for fault in error.faults]
            continue
        next_id += row.serial not in known
        rows.append(row)
    if faults:
        raise RegistryError(path, faults)
    return rows


def row_of(given: dict[str, Any], place: Place) -> MeterRow:
    """The meter that a line names, without its number. Raises LineError."""
    line = _Line(given)
    row = _row(line, place)
    line.check()
    _check_keys(line, row, _terms(row))
    line.check()
    try:
        framing_of(row, row.client_sap)
    except ConfigError as error:
        raise LineError(("link", f"{error.summary}: {error.expected}")) from None
    return row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text in UTF-8") from None
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _parsed(line: str) -> dict[str, Any]:
    try:
        return read_json_object(line, "the line")
    except ConfigError:  # which may repeat some of it
        raise LineError(("the line", "an object of JSON, each field once")) from None


def _table(faults: list[Fault]) -> str:
    """What is wrong, a field a row, its columns under one another."""
    shown = faults[:FAULTS_SHOWN_MAX]
    width = max(len("field"), *(len(fault.field) for fault in shown))
    rows = [f"{'line':>5}  {'field':<{width}}  expected"]
    rows += [f"{fault.line:>5}  {fault.field:<{width}}  {fault.expected}" for fault in shown]
    if len(faults) > len(shown):
        rows.append(f"       and {len(faults) - len(shown)} more")
    return "\n".join(rows)


class _Line:
    """An object of the file, asked for one field after the other. What is wrong is noted, so that all of it can be told."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._given = given
        self._faults = [("a field", f"none but {listed(sorted(FIELDS - OF_FLEETS))}")] * (not given.keys() <= FIELDS)

    def check(self) -> None:
        """Raises LineError when something was wrong."""
        if self._faults:
            raise LineError(*self._faults)

    def fault(self, field: str, expected: str) -> None:
        self._faults.append((field, expected))

    def has(self, field: str) -> bool:
        return self._given.get(field) is not None

    def text(self, field: str, default: str = "", *, longest: int = NAME_CHARACTERS_MAX, slash: bool = False) -> str:
        text = self._given.get(field, default)
        if not (
            isinstance(text, str) and 0 < len(text) <= longest and text.isprintable() and (slash or "/" not in text)
        ):
            self.fault(field, f"1 to {longest} printable characters{'' if slash else ', no slash'}")
            return ""
        return text

    def number(self, field: str, permitted: Container[int], shown: str, default: int) -> int:
        number = self._given.get(field, default)
        if not isinstance(number, int) or isinstance(number, bool) or number not in permitted:
            self.fault(field, shown)
            return default
        return number

    def choice(self, field: str, words: Mapping[str, object] | tuple[str, ...], default: str = "") -> str:
        word = self._given.get(field, default)
        if word != default and (not isinstance(word, str) or word not in words):
            self.fault(field, listed(words))
            return default
        return str(word)

    def octets(self, field: str) -> bytes:
        """Empty where the line has none."""
        text = self._given.get(field) or ""
        try:
            return bytes.fromhex(text)
        except (ValueError, TypeError):
            self.fault(field, "pairs of hexadecimal digits")
            return b""


def _row(line: _Line, place: Place) -> MeterRow:
    link = line.choice("link", LINKS, "tcp")
    is_device = link in BAUD_OF
    port = line.number("port", PORTS, "1 to 65535", COAP_PORT if link in COAP_LINKS else DLMS_PORT)
    if is_device:
        port = line.number("baud", BAUDS, f"{BAUDS[0]} to {BAUDS[-1]}", BAUD_OF[link])
    profile = line.text("profile", longest=PATH_CHARACTERS_MAX, slash=True)
    wrap, secret, signing_key = place.master_key.wrap, line.octets("lls_secret"), line.octets("signing_key")
    agreement_key = line.octets("agreement_key")
    if max(len(secret), len(signing_key), len(agreement_key)) > LLS_SECRET_OCTETS_MAX:
        raise LineError(("lls_secret, signing_key, agreement_key", f"at most {LLS_SECRET_OCTETS_MAX} octets"))
    keys = [line.octets(field) for field in SYMMETRIC_KEYS]
    for field, key in zip(SYMMETRIC_KEYS, keys, strict=True):
        if key and len(key) not in KEY_OCTETS_OF.values():
            raise LineError((field, "16 or 32 octets"))
    ciphering = line.choice("ciphering", CIPHERINGS)
    host = line.text("host", longest=PATH_CHARACTERS_MAX if is_device else HOST_CHARACTERS_MAX, slash=is_device)
    if host and not is_device and not is_host(host):
        line.fault("host", EXPECTED_HOST)
    return MeterRow(
        id=0,
        serial=line.text("serial"),
        profile=str(place.directory / profile) if profile.endswith(".toml") else profile,
        host=host,
        port=port,
        link=link,
        group=line.text("group", "default"),
        client_sap=line.number("client_sap", SAPS, "0 to 65535", MANAGEMENT_CLIENT_SAP),
        server_sap=line.number("server_sap", SAPS, "0 to 65535", 1),
        system_title=line.octets("system_title"),
        created_ms=line.number("created_ms", range(CREATED_MS_MAX + 1), f"0 to {CREATED_MS_MAX}", place.now_ms),
        wrapped_encryption_key=wrap(keys[0]) if keys[0] else b"",
        wrapped_authentication_key=wrap(keys[1]) if keys[1] else b"",
        wrapped_lls_secret=place.master_key.wrap_secret(secret) if secret else None,
        physical_address=line.number("physical_address", PHYSICAL_ADDRESSES, "0 to 16383", 0)
        if line.has("physical_address")
        else None,
        address_octets=line.number("address_octets", (1, 2, 4), "1, 2 or 4", 4) if line.has("address_octets") else None,
        gateway=line.text("gateway") if line.has("gateway") else "",
        referencing=line.choice("referencing", REFERENCINGS),
        authentication=line.choice("authentication", AUTHENTICATIONS),
        context=line.choice("context", CONTEXTS),
        suite=line.number("suite", SUITES, "0, 1 or 2", 0) if line.has("suite") else None,
        policy=line.choice("policy", POLICIES),
        ciphering=ciphering,
        # The list of a virtual fleet has it for tools; what nothing is wrapped under is not kept.
        wrapped_master_key=wrap(keys[2]) if keys[2] and ciphering == WRAPPED else None,
        wrapped_signing_key=place.master_key.wrap_secret(signing_key) if signing_key else None,
        public_key=line.octets("public_key") or None,
        wrapped_agreement_key=place.master_key.wrap_secret(agreement_key) if agreement_key else None,
        public_agreement_key=line.octets("public_agreement_key") or None,
        secondary_address=line.text("secondary_address") if line.has("secondary_address") else "",
        decoder_reference_number=_decoder_reference_number(line),
    )


def _decoder_reference_number(line: _Line) -> str:
    number = line.text("decoder_reference_number") if line.has("decoder_reference_number") else ""
    try:
        return MeterPan.from_reference(number).decoder_reference_number if number else ""
    except StsError:
        raise LineError(("decoder_reference_number", "11 or 13 digits, the last of them Luhn's")) from None


def _terms(row: MeterRow) -> Terms:
    try:
        profile = companion_profile(row.profile)
    except (ConfigError, TableError) as error:
        raise LineError(("profile", str(error))) from None
    if not row.authentication and profile.association_of(row.client_sap, row.server_sap) is None:
        raise LineError(("client_sap, server_sap", f"an association of {profile.name}, or authentication"))
    try:
        return terms_of(row, profile)
    except ConfigError as error:
        raise LineError((error.summary, str(error.expected))) from None


def _check_keys(line: _Line, row: MeterRow, terms: Terms) -> None:
    """What the association needs must be there, and what is there must fit the suite."""
    for field in SYMMETRIC_KEYS[:2]:
        octets = line.octets(field)
        if (octets or terms.needs_keys) and len(octets) != terms.key_octets:
            line.fault(field, f"{terms.key_octets} octets for security suite {int(terms.suite)}")
    if (row.system_title or terms.needs_keys) and len(row.system_title) != SYSTEM_TITLE_OCTETS:
        line.fault("system_title", f"{SYSTEM_TITLE_OCTETS} octets")
    if terms.needs_secret and row.wrapped_lls_secret is None:
        line.fault("lls_secret", f"the secret of {terms.authentication.name.lower()}")
    if terms.needs_master_key and len(line.octets("master_key")) != terms.key_octets:
        line.fault("master_key", f"{terms.key_octets} octets for security suite {int(terms.suite)}")
    if terms.needs_signing_keys:
        _check_pair(line, "signing_key", "public_key", curve_of_suite(terms.suite))
    if terms.needs_agreement_keys:
        _check_pair(line, "agreement_key", "public_agreement_key", curve_of_suite(terms.suite))


def _check_pair(line: _Line, own: str, peers: str, curve: Curve) -> None:
    """Our private key and the meter's point, both of the suite's curve."""
    key, point = line.octets(own), line.octets(peers)
    try:
        if len(key) != curve.octets:
            raise SecurityError("another curve's")
        PrivateKey(key, curve)
    except SecurityError:
        line.fault(own, f"a private key of {curve.name}, {curve.octets} octets")
    if len(point) != 2 * curve.octets or not is_on_curve(point):
        line.fault(peers, f"a point of {curve.name}, {2 * curve.octets} octets")


def _placed(row: MeterRow, known: Mapping[str, MeterRow], next_id: int) -> MeterRow:
    """With the number that the meter has or gets, and since when it is known."""
    old = known.get(row.serial)
    return replace(row, id=next_id) if old is None else replace(row, id=old.id, created_ms=old.created_ms)


def _check_unique(row: MeterRow, owners: dict[bytes, str], serials: set[str]) -> None:
    if row.serial in serials:
        raise LineError(("serial", "each meter once"))
    serials.add(row.serial)
    if row.system_title and owners.setdefault(row.system_title, row.serial) != row.serial:
        raise LineError(("system_title", f"another one than that of {owners[row.system_title]}"))
