"""Hosts and ports as people and meters write them: `meter.example:4059`, `10.0.0.7:4059`, `[fe80::1%eth0]:4059`.

What no resolver would take is refused before anybody tries. A host is a name (RFC 1123, and the underscore that private names
have; letters of any language), an IPv4 address, or an IPv6 address with or without its zone, which stands in brackets where a
port follows.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from ferraris.kernel.errors import ConfigError

PORT_MAX: Final = 0xFFFF
HOST_CHARACTERS_MAX: Final = 253
LABEL_CHARACTERS_MAX: Final = 63
EXPECTED_HOST: Final = "a name, an IPv4 or an IPv6 address"
EXPECTED_PORT: Final = f"1 to {PORT_MAX}"
_LABEL: Final = re.compile(r"\w(?:[\w-]*\w)?")
_ZONE: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_DIGITS: Final = re.compile(r"[0-9]{1,5}")


def is_host(text: str) -> bool:
    """Whether `text`, without brackets, can be a host's name or address."""
    if ":" in text:
        address, mark, zone = text.partition("%")
        return _is_address(address, 6) and (not mark or _ZONE.fullmatch(zone) is not None)
    labels = text.removesuffix(".").split(".")
    if len(text) > HOST_CHARACTERS_MAX or not all(map(_is_label, labels)):
        return False
    return not labels[-1].isdecimal() or _is_address(text, 4)


def read_host(text: str, place: str) -> str:
    """The host that `text` writes. Raises ConfigError about `place`."""
    if not is_host(text):
        raise ConfigError(f"{place} names no host", expected=EXPECTED_HOST, got=text or "nothing")
    return text


def read_port(text: str, place: str) -> int:
    """The port that `text` writes in decimal digits. Raises ConfigError about `place`."""
    if not _DIGITS.fullmatch(text) or not 0 < int(text) <= PORT_MAX:
        raise ConfigError(f"{place} names no port", expected=EXPECTED_PORT, got=text or "nothing")
    return int(text)


def read_place(text: str, place: str, standard_port: int | None = None) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, of `HOST` alone where there is a standard port. Raises ConfigError about `place`."""
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing or ":" not in host or (rest and not rest.startswith(":")):
            raise ConfigError(f"{place} names no host", expected="[IPv6 address]:PORT", got=text)
        host = host.replace("%25", "%", 1)  # as RFC 6874 writes a zone in a URL
        colon, port = rest[:1], rest[1:]
    else:
        host, colon, port = text.partition(":")
        if ":" in port:
            raise ConfigError(f"{place} names no host", expected="an IPv6 address in brackets", got=text)
    read_host(host, place)
    return host, standard_port if standard_port is not None and not colon else read_port(port, place)


def network_address(octets: bytes) -> tuple[str, int] | None:
    """Host and port of a destination as a meter's memory holds it; None for what is no address.

    Whoever writes into meters may leave out an IPv6 address's brackets: the last colon parts it from the port then.
    """
    try:
        text = octets.decode("ascii")
        host, _, port = text.rpartition(":")
        if ":" in host and not text.startswith("["):
            return read_host(host, "a destination"), read_port(port, "a destination")
        return read_place(text, "a destination")
    except (UnicodeDecodeError, ConfigError):
        return None


def _is_label(text: str) -> bool:
    return len(text) <= LABEL_CHARACTERS_MAX and _LABEL.fullmatch(text) is not None


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
