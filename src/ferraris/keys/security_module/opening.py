"""From one line of configuration to a security module.

    file:PATH                                         a keystore in software
    pkcs11:PATH?library=LIBRARY&token=LABEL           a keystore sealed by the HSM's token of that label
    prismtoken://HOST:PORT?realm=local&ca=FILE        a PrismToken service over TLS; tls=off speaks in the clear, to this
                                                      machine only; clock=external lets the service choose the minute
    sts600-8-6:DEVICE?registers=FILE&baud=9600        an STS6 module on a serial line, or at socket://HOST:PORT

Secrets never stand in that line: who opens the module, with which secret and which PIN, are arguments of their own.
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl

from ferraris.kernel.clock import Clock
from ferraris.kernel.entropy import Entropy
from ferraris.kernel.errors import ConfigError
from ferraris.kernel.network_address import read_place
from ferraris.kernel.tables import parse_toml
from ferraris.kernel.url_parts import url_parts
from ferraris.keys.security_module.interface import SecurityModule
from ferraris.keys.security_module.keystore import Keystore
from ferraris.keys.security_module.pkcs11_module import Pkcs11SecurityModule
from ferraris.keys.security_module.prismtoken_access import REALM
from ferraris.keys.security_module.prismtoken_module import PORT, PrismTokenModule
from ferraris.keys.security_module.serial_module import BAUD, SerialSecurityModule
from ferraris.keys.security_module.software_module import SoftwareSecurityModule
from ferraris.keys.security_module.vending_keys import VendingKeyRegister
from ferraris.sts import BaseDate, KeyDerivation, KeyType, StaTables

EXPECTED: Final = "file:PATH, pkcs11:PATH?…, prismtoken://HOST:PORT or sts600-8-6:DEVICE?…"
SERVICE: Final = "a PrismToken service"
SERVICE_FORM: Final = "prismtoken://HOST:PORT"


@dataclass(frozen=True, slots=True)
class SecurityModuleSettings:
    """Which module, and who opens it."""

    url: str
    who: str = ""
    secret: str = field(default="", repr=False)
    pin: str = field(default="", repr=False)
    tables: StaTables = StaTables.SAMPLE
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A register of a module that does not say itself what it holds."""

    number: int
    supply_group_code: str
    key_revision_number: int
    key_type: str
    base_date: int
    key_expiry_number: int
    derivation: str
    check_value: str = ""


@dataclass(frozen=True, slots=True)
class _RegisterFile:
    register: tuple[RegisterRow, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """The line, taken apart."""

    scheme: str
    path: str
    host: str
    port: int
    options: dict[str, str]

    def only(self, *names: str) -> None:
        """Raise ConfigError for an option that is not among `names`."""
        strange = sorted(set(self.options) - set(names))
        if strange:
            raise ConfigError(f"options of {self.scheme}", expected=", ".join(names) or "none", got=", ".join(strange))

    def needed(self, name: str) -> str:
        if name not in self.options:
            raise ConfigError(f"{self.scheme} needs the option {name}")
        return self.options[name]


def open_security_module(
    settings: SecurityModuleSettings | str, *, clock: Clock | None = None, entropy: Entropy | None = None
) -> SecurityModule:
    """The module that `settings` (or its line alone) names. Raises ConfigError for a line that names none."""
    if isinstance(settings, str):
        settings = SecurityModuleSettings(settings)
    place = _place(settings.url)
    if place.scheme == "file":
        place.only()
        return SoftwareSecurityModule(
            Keystore.open(Path(place.path), settings.who, settings.secret, clock=clock, entropy=entropy),
            clock=clock,
            tables=settings.tables,
            unverified=settings.unverified,
        )
    if place.scheme == "pkcs11":
        return _pkcs11(place, settings, clock, entropy)
    if place.scheme == "prismtoken":
        return _prismtoken(place, settings)
    if place.scheme == "sts600-8-6":
        place.only("registers", "baud")
        registers = read_registers(Path(place.needed("registers")))
        return SerialSecurityModule(place.path, registers, baud=_number(place, "baud", BAUD), clock=clock)
    raise ConfigError("no security module", expected=EXPECTED, got=place.scheme or settings.url[:40])


def read_registers(path: Path) -> dict[int, VendingKeyRegister]:
    """The registers of a module, by number, from a TOML file of `[[register]]` tables."""
    try:
        text = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"the registers in {path} cannot be read: {error}") from None
    rows = parse_toml(text, _RegisterFile, str(path)).register
    registers = {row.number: _register(path, row) for row in rows}
    if len(registers) != len(rows) or len({register.name for register in registers.values()}) != len(rows):
        raise ConfigError(f"{path} names a register twice")
    return registers


def _register(path: Path, row: RegisterRow) -> VendingKeyRegister:
    try:
        return VendingKeyRegister(
            row.supply_group_code,
            row.key_revision_number,
            KeyType[row.key_type],
            BaseDate.of_year(row.base_date),
            row.key_expiry_number,
            KeyDerivation[row.derivation],
            row.check_value.upper(),
        )
    except KeyError as error:
        raise ConfigError(f"register {row.number} in {path}", got=error.args[0]) from None


def _place(url: str) -> _Place:
    scheme, colon, rest = url.partition(":")
    if not colon:
        raise ConfigError("no security module", expected=EXPECTED, got=url[:40])
    try:
        parts = _service(url) if scheme == "prismtoken" else None
        path, _, query = rest.partition("?")
        query = parts.query if parts else query
        pairs = parse_qsl(query, strict_parsing=bool(query))
    except ValueError as error:
        raise ConfigError(f"the address of a security module: {error}", got=scheme) from None
    options = dict(pairs)
    if len(options) != len(pairs):
        raise ConfigError(f"options of {scheme}", expected="each at most once")
    host, port = read_place(parts.netloc, SERVICE, PORT) if parts else ("", 0)
    return _Place(scheme, path, host, port, options)


def _service(url: str) -> SplitResult:
    parts = url_parts(url, SERVICE, SERVICE_FORM, "the name and the secret of their own")
    if parts.path.strip("/"):
        raise ConfigError(SERVICE, expected=SERVICE_FORM, got=parts.path)
    return parts


def _number(place: _Place, name: str, default: int) -> int:
    text = place.options.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise ConfigError(f"the option {name} of {place.scheme}", expected="a number", got=text[:40])
    return int(text)


def _pkcs11(
    place: _Place, settings: SecurityModuleSettings, clock: Clock | None, entropy: Entropy | None
) -> SecurityModule:
    place.only("library", "token")
    library, label = Path(place.needed("library")), place.needed("token")
    keystore = Keystore.open(Path(place.path), settings.who, settings.secret, clock=clock, entropy=entropy)
    return Pkcs11SecurityModule.open_with_hsm(
        keystore,
        library,
        label,
        settings.pin,
        clock=clock,
        entropy=entropy,
        tables=settings.tables,
        unverified=settings.unverified,
    )


def _prismtoken(place: _Place, settings: SecurityModuleSettings) -> SecurityModule:
    place.only("realm", "tls", "ca", "clock")
    return PrismTokenModule(
        place.host,
        place.port,
        settings.who,
        settings.secret,
        realm=place.options.get("realm", REALM),
        tls=_tls(place),
        external_clock=_choice(place, "clock", "exact", "external") == "external",
    )


def _tls(place: _Place) -> ssl.SSLContext | None:
    if _choice(place, "tls", "on", "off") == "off":
        if not _is_this_machine(place.host):
            raise ConfigError("a PrismToken service in the clear", expected="a loopback address", got=place.host)
        return None
    try:
        return ssl.create_default_context(cafile=place.options.get("ca"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"the certificates in {place.options.get('ca')}: {error}") from None


def _choice(place: _Place, name: str, *choices: str) -> str:
    chosen = place.options.get(name, choices[0])
    if chosen not in choices:
        raise ConfigError(f"the option {name} of {place.scheme}", expected=" or ".join(choices), got=chosen[:40])
    return chosen


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
