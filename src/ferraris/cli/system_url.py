"""Where a running system has its REST API: `http://127.0.0.1:8080`, with a path where a proxy stands before it."""

from __future__ import annotations

from typing import Final

from ferraris.kernel.errors import ConfigError
from ferraris.kernel.network_address import read_place
from ferraris.kernel.url_parts import url_parts

STANDARD_PORTS: Final = {"http": 80, "https": 443}
PLACE: Final = "--url is no address"
EXPECTED: Final = "such as http://127.0.0.1:8080"


def checked_system_url(text: str) -> str:
    """The URL without a stroke at its end, which httpx takes. Raises ConfigError, which says what is wrong with it."""
    import httpx

    parts = url_parts(text, PLACE, EXPECTED, "none: the proxy before a system asks for certificates")
    if parts.scheme not in STANDARD_PORTS or "?" in text:
        raise ConfigError(PLACE, expected=EXPECTED, got=text)
    read_place(parts.netloc, "--url", STANDARD_PORTS[parts.scheme])
    try:
        httpx.URL(text)
    except httpx.InvalidURL as error:
        raise ConfigError(PLACE, expected=EXPECTED, got=f"{text}: {error}") from None
    return text.rstrip("/")
