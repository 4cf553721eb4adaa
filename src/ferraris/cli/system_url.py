"""Where a running system has its REST API: `http://127.0.0.1:8080`, with a path where a proxy stands before it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.network_address import read_place

STANDARD_PORTS: Final = {"http": 80, "https": 443}
EXPECTED: Final = "such as http://127.0.0.1:8080"


def checked_system_url(text: str) -> str:
    """The URL without a stroke at its end. Raises ConfigError, which says what is wrong with it."""
    if any(not character.isprintable() or character.isspace() for character in text):
        raise ConfigError("--url", expected="no spaces or control characters", got=repr(text))
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ConfigError("--url is no address", expected=EXPECTED, got=f"{text}: {error}") from None
    if "@" in parts.netloc:
        raise ConfigError("--url: secrets do not belong in a URL", expected=EXPECTED)
    if parts.scheme not in STANDARD_PORTS or parts.query or parts.fragment:
        raise ConfigError("--url is no address", expected=EXPECTED, got=text)
    read_place(parts.netloc, "--url", STANDARD_PORTS[parts.scheme])
    return text.rstrip("/")
